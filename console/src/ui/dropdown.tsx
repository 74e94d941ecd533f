import { Check, ChevronDown } from "lucide-react";
import { DropdownMenu as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { cn } from "@/lib/cn";

export const menuClass =
  "z-50 max-h-[70vh] min-w-44 overflow-y-auto rounded-lg border border-line-strong bg-surface p-1 shadow-overlay outline-none";

export const itemClass =
  "flex h-8 items-center gap-2 rounded px-2 text-sm text-text outline-none select-none data-[highlighted]:bg-hover";

interface ChoiceProps<T extends string> {
  label: string;
  value: T | undefined;
  options: readonly { value: T; label: ReactNode }[];
  onChange: (value: T | undefined) => void;
}

/** One filter: any value, or exactly one. Not modal, so that no scroll lock injects styles. */
export function ChoiceMenu<T extends string>({ label, value, options, onChange }: ChoiceProps<T>) {
  const chosen = options.find((option) => option.value === value);
  return (
    <Radix.Root modal={false}>
      <Radix.Trigger
        className={cn(
          "inline-flex h-8 items-center gap-1.5 rounded-md border px-2.5 text-sm whitespace-nowrap",
          chosen
            ? "border-accent bg-selected text-text"
            : "border-line-strong bg-surface text-dim hover:bg-hover",
        )}
      >
        <span className={chosen ? "text-dim" : ""}>
          {label}
          {chosen ? ":" : ""}
        </span>
        {chosen?.label}
        <ChevronDown size={14} aria-hidden />
      </Radix.Trigger>
      <Radix.Portal>
        <Radix.Content align="start" sideOffset={4} className={menuClass}>
          <Radix.RadioGroup
            value={value ?? ""}
            onValueChange={(next) => onChange(options.find((option) => option.value === next)?.value)}
          >
            <MenuRadio value="">Any {label.toLowerCase()}</MenuRadio>
            {options.map((option) => (
              <MenuRadio key={option.value} value={option.value}>
                {option.label}
              </MenuRadio>
            ))}
          </Radix.RadioGroup>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

export function MenuRadio({ value, children }: { value: string; children: ReactNode }) {
  return (
    <Radix.RadioItem value={value} className={itemClass}>
      <span className="flex w-4 justify-center">
        <Radix.ItemIndicator>
          <Check size={14} aria-hidden />
        </Radix.ItemIndicator>
      </span>
      {children}
    </Radix.RadioItem>
  );
}
