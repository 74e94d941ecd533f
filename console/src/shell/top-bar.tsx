import { Link } from "@tanstack/react-router";
import { Activity, CircleHelp, type LucideIcon, Scale, ScrollText, Search, ShieldAlert } from "lucide-react";
import { Button } from "@/ui/button";
import { Kbd } from "@/ui/kbd";
import { Tooltip } from "@/ui/tooltip";
import { PipelineState } from "./pipeline-state";
import { ThemeMenu } from "./theme-menu";

interface Place {
  to: "/incidents" | "/triage" | "/search" | "/rules" | "/health";
  label: string;
  keys: string;
  icon: LucideIcon;
}

const places: Place[] = [
  { to: "/incidents", label: "Incidents", keys: "g i", icon: ShieldAlert },
  { to: "/triage", label: "Triage", keys: "g t", icon: Scale },
  { to: "/search", label: "Search", keys: "g s", icon: Search },
  { to: "/rules", label: "Rules", keys: "g r", icon: ScrollText },
  { to: "/health", label: "Health", keys: "g h", icon: Activity },
];

const linkClass =
  "flex h-8 items-center gap-1.5 rounded-md px-2.5 text-sm font-medium text-dim hover:bg-hover hover:text-text data-[status=active]:bg-raised data-[status=active]:text-text";

interface TopBarProps {
  onPalette: () => void;
  onHelp: () => void;
}

export function TopBar({ onPalette, onHelp }: TopBarProps) {
  return (
    <header className="flex h-12 shrink-0 items-center gap-4 border-b border-line bg-surface px-4">
      <Link
        to="/incidents"
        className="flex shrink-0 items-center gap-2 text-base font-semibold tracking-tight"
      >
        <img src="/favicon.svg" alt="" width={22} height={22} />
        Sentra
      </Link>
      <nav aria-label="Main" className="flex shrink-0 items-center gap-1">
        {places.map((place) => (
          <Tooltip key={place.to} text={<Kbd keys={place.keys} />}>
            <Link to={place.to} className={linkClass}>
              <place.icon size={15} aria-hidden />
              {place.label}
            </Link>
          </Tooltip>
        ))}
      </nav>
      <button
        type="button"
        onClick={onPalette}
        className="mx-auto hidden h-8 w-full max-w-sm min-w-0 overflow-hidden whitespace-nowrap items-center gap-2 rounded-md border border-line bg-canvas px-2.5 text-sm text-faint hover:border-line-strong md:flex"
      >
        <Search size={14} aria-hidden />
        Search or run a command
        <span className="ml-auto">
          <Kbd keys="mod+k" />
        </span>
      </button>
      <div className="ml-auto flex shrink-0 items-center gap-1">
        <PipelineState />
        <ThemeMenu />
        <Button
          variant="ghost"
          size="icon"
          onClick={onHelp}
          aria-label="Keyboard shortcuts"
          title="Keyboard shortcuts (?)"
        >
          <CircleHelp size={16} aria-hidden />
        </Button>
      </div>
    </header>
  );
}
