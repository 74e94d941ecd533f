import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { IncidentSummary } from "@/api/types";
import { cn } from "@/lib/cn";
import { byRole, formatCompact, formatRange, formatTime, humanise, spanOf } from "@/lib/format";
import { Badge } from "@/ui/badge";
import { EntityChip } from "@/ui/entity-chip";
import { Risk } from "@/ui/risk";
import { SeverityMark } from "@/ui/severity";
import { Ago } from "@/ui/time";
import { VerdictIcon } from "@/ui/verdict";

export const row_height = 52;
const entities_shown_max = 3;
const techniques_shown_max = 1;

const columns =
  "grid items-center gap-x-3 px-4 grid-cols-[88px_104px_minmax(0,1fr)_76px] lg:grid-cols-[88px_104px_minmax(0,1fr)_240px_120px_76px] xl:grid-cols-[88px_104px_minmax(0,1fr)_312px_104px_120px_96px_76px]";

const names: { name: string; className?: string }[] = [
  { name: "Severity" },
  { name: "Risk" },
  { name: "Incident" },
  { name: "Entities", className: "hidden lg:block" },
  { name: "Techniques", className: "hidden xl:block" },
  { name: "Activity (UTC)", className: "hidden lg:block" },
  { name: "Signals / events", className: "hidden text-right xl:block" },
  { name: "Updated", className: "text-right" },
];

export function QueueHeader() {
  return (
    <div
      role="rowgroup"
      className="shrink-0 overflow-hidden border-b border-line bg-surface [scrollbar-gutter:stable]"
    >
      <div role="row" aria-rowindex={1} className={cn(columns, "h-8 text-2xs font-medium text-faint")}>
        {names.map(({ name, className }) => (
          <span role="columnheader" key={name} className={cn("truncate", className)}>
            {name}
          </span>
        ))}
      </div>
    </div>
  );
}

interface QueueRowProps {
  incident: IncidentSummary;
  index: number;
  top: number;
  isActive: boolean;
  onFocus: () => void;
}

const Cell = ({ className, children }: { className?: string; children: ReactNode }) => (
  <div role="cell" className={cn("min-w-0", className)}>
    {children}
  </div>
);

export function QueueRow({ incident, index, top, isActive, onFocus }: QueueRowProps) {
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      style={{ height: row_height, transform: `translateY(${top}px)` }}
      className={cn(
        columns,
        "absolute inset-x-0 border-b border-line bg-surface hover:bg-hover has-[a:focus-visible]:bg-selected",
      )}
    >
      <Cell>
        <SeverityMark severity={incident.severity} />
      </Cell>
      <Cell>
        <Risk risk={incident.risk} />
      </Cell>
      <Cell>
        <Link
          to="/incidents/$id"
          params={{ id: incident.id }}
          data-row={index}
          tabIndex={isActive ? 0 : -1}
          onFocus={onFocus}
          className="block truncate text-sm font-semibold outline-none after:absolute after:inset-0 focus-visible:after:outline-2 focus-visible:after:-outline-offset-2 focus-visible:after:outline-accent"
        >
          {incident.title}
        </Link>
        <div className="flex items-center gap-2">
          {incident.verdict ? <VerdictIcon verdict={incident.verdict} /> : null}
          {incident.status === "new" ? null : <Badge>{humanise(incident.status)}</Badge>}
          <span className="truncate text-xs text-dim">{incident.headline}</span>
        </div>
      </Cell>
      <Cell className="hidden lg:block">
        <EntityCell incident={incident} />
      </Cell>
      <Cell className="hidden truncate font-mono text-xs text-dim xl:block">
        <TechniqueText techniques={incident.techniques} />
      </Cell>
      <Cell className="hidden text-xs tabular-nums lg:block">
        <ActivityCell first={incident.first} last={incident.last} />
      </Cell>
      <Cell className="hidden text-right text-xs text-dim tabular-nums xl:block">
        {formatCompact(incident.signals)} / {formatCompact(incident.events)}
      </Cell>
      <Cell className="text-right text-xs text-dim">
        <Ago time={incident.updated} />
      </Cell>
    </div>
  );
}

function EntityCell({ incident }: { incident: IncidentSummary }) {
  const entities = byRole(incident.entities);
  const rest = entities.length - entities_shown_max;
  return (
    <div className="flex items-center gap-1 overflow-hidden">
      {entities.slice(0, entities_shown_max).map((entity) => (
        <EntityChip key={`${entity.type} ${entity.role} ${entity.value}`} entity={entity} />
      ))}
      {rest > 0 ? <span className="shrink-0 text-2xs text-dim">+{rest}</span> : null}
    </div>
  );
}

function TechniqueText({ techniques }: { techniques: string[] }) {
  const rest = techniques.length - techniques_shown_max;
  return (
    <span title={techniques.join(", ")}>
      {techniques.slice(0, techniques_shown_max).join(" ")}
      {rest > 0 ? ` +${rest}` : ""}
    </span>
  );
}

function ActivityCell({ first, last }: { first: string; last: string }) {
  return (
    <div title={`${formatRange(first, last)} UTC`}>
      <div className="truncate">{formatTime(first).slice(0, 16)}</div>
      <div className="text-dim">{spanOf(first, last)}</div>
    </div>
  );
}
