import { cn } from "@/lib/cn";
import { byRole, formatCount, formatRange, formatTime, spanOf } from "@/lib/format";
import { EntityChip } from "@/ui/entity-chip";
import { SeverityMark } from "@/ui/severity";
import { VerdictIcon } from "@/ui/verdict";
import { VisibleText } from "@/ui/visible-text";
import { joinText } from "./join-text";
import type { NumberedSignal } from "./signal-numbers";

export const signal_row_height = 44;
const entities_shown_max = 2;

const columns =
  "grid items-center gap-x-3 px-4 grid-cols-[24px_24px_80px_minmax(0,1fr)_64px_112px] xl:grid-cols-[24px_24px_80px_minmax(0,1fr)_200px_64px_112px]";

const names: { name: string; className?: string; isUnseen?: boolean }[] = [
  { name: "Choose", isUnseen: true },
  { name: "No." },
  { name: "Level" },
  { name: "Rule, and why the signal is here" },
  { name: "Entities", className: "hidden xl:block" },
  { name: "Count", className: "text-right" },
  { name: "First (UTC)" },
];

export function SignalHeader({ isScrolling }: { isScrolling: boolean }) {
  return (
    <div
      role="rowgroup"
      className={cn("overflow-hidden border-b border-line", isScrolling && "[scrollbar-gutter:stable]")}
    >
      <div role="row" aria-rowindex={1} className={cn(columns, "h-8 text-2xs font-medium text-faint")}>
        {names.map(({ name, className, isUnseen }) => (
          <span role="columnheader" key={name} className={className}>
            {isUnseen ? <span className="sr-only">{name}</span> : name}
          </span>
        ))}
      </div>
    </div>
  );
}

interface SignalRowProps {
  item: NumberedSignal;
  index: number;
  top: number;
  isActive: boolean;
  isCited: boolean;
  isSelected: boolean;
  /** To be split off or moved. */
  isChosen: boolean;
  onChoose: () => void;
  onFocus: () => void;
  onSelect: () => void;
}

export function SignalRow(props: SignalRowProps) {
  const { signal, number, join } = props.item;
  return (
    <div
      role="row"
      aria-rowindex={props.index + 2}
      style={{ height: signal_row_height, transform: `translateY(${props.top}px)` }}
      className={cn(
        columns,
        "absolute inset-x-0 border-b border-l-2 border-b-line hover:bg-hover last:border-b-0",
        props.isCited ? "border-l-accent" : "border-l-transparent",
        props.isSelected && "bg-selected",
      )}
    >
      <div role="cell" className="flex">
        <input
          type="checkbox"
          tabIndex={props.isActive ? 0 : -1}
          aria-label={`Choose signal ${number}`}
          checked={props.isChosen}
          onChange={props.onChoose}
          className="relative z-10 size-4 accent-accent"
        />
      </div>
      <span role="cell" className="text-right font-mono text-xs text-dim">
        {number}
      </span>
      <div role="cell" className="text-xs">
        <SeverityMark severity={signal.severity} />
      </div>
      <div role="cell" className="min-w-0">
        <button
          type="button"
          data-row={props.index}
          tabIndex={props.isActive ? 0 : -1}
          aria-pressed={props.isSelected}
          onFocus={props.onFocus}
          onClick={props.onSelect}
          className="flex w-full items-center gap-2 text-left font-medium outline-none after:absolute after:inset-0 focus-visible:after:outline-2 focus-visible:after:-outline-offset-2 focus-visible:after:outline-accent"
        >
          <span className="truncate" title={`${signal.rule.title} (${signal.severity}, ${signal.rule.pack})`}>
            {signal.rule.title}
          </span>
          {signal.verdict ? <VerdictIcon verdict={signal.verdict} /> : null}
        </button>
        <div className="truncate text-xs text-dim" title={joinText(join)}>
          <VisibleText text={joinText(join)} />
        </div>
      </div>
      <div role="cell" className="hidden items-center gap-1 overflow-hidden xl:flex">
        {byRole(signal.entities)
          .slice(0, entities_shown_max)
          .map((entity) => (
            <EntityChip key={`${entity.type} ${entity.role} ${entity.value}`} entity={entity} />
          ))}
      </div>
      <span
        role="cell"
        className="text-right tabular-nums"
        title={`${formatCount(signal.events_total)} events`}
      >
        {formatCount(signal.count)}
      </span>
      <div
        role="cell"
        className="text-xs tabular-nums"
        title={`${formatRange(signal.first, signal.last)} UTC`}
      >
        <div>{formatTime(signal.first).slice(5)}</div>
        <div className="text-dim">{spanOf(signal.first, signal.last)}</div>
      </div>
    </div>
  );
}
