import { Monitor, Moon, Sun } from "lucide-react";
import { DropdownMenu as Radix } from "radix-ui";
import { chooseTheme, type ThemeChoice, useTheme, useThemeChoice } from "@/lib/theme";
import { Button } from "@/ui/button";
import { MenuRadio, menuClass } from "@/ui/dropdown";

const choices: { value: ThemeChoice; label: string; icon: typeof Sun }[] = [
  { value: "system", label: "As the system", icon: Monitor },
  { value: "dark", label: "Dark", icon: Moon },
  { value: "light", label: "Light", icon: Sun },
];

export function ThemeMenu() {
  const choice = useThemeChoice();
  const Icon = useTheme() === "dark" ? Moon : Sun;
  return (
    <Radix.Root modal={false}>
      <Radix.Trigger asChild>
        <Button variant="ghost" size="icon" aria-label="Theme" title="Theme (T)">
          <Icon size={16} aria-hidden />
        </Button>
      </Radix.Trigger>
      <Radix.Portal>
        <Radix.Content align="end" sideOffset={4} className={menuClass}>
          <Radix.RadioGroup value={choice} onValueChange={(value) => chooseTheme(value as ThemeChoice)}>
            {choices.map(({ value, label, icon: Each }) => (
              <MenuRadio key={value} value={value}>
                <Each size={14} aria-hidden className="text-faint" />
                {label}
              </MenuRadio>
            ))}
          </Radix.RadioGroup>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
