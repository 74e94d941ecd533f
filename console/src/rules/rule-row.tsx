import { Link } from "@tanstack/react-router";
import { ArrowDown, Ban, Filter } from "lucide-react";
import type { ReactNode } from "react";
import { cn } from "@/lib/cn";
import { formatCount, formatDuration } from "@/lib/format";
import type { RulesView } from "@/lib/url-state";
import { Badge } from "@/ui/badge";
import { SeverityMark } from "@/ui/severity";
import { VisibleText } from "@/ui/visible-text";
import { kindWords } from "./rule-filters";
import type { ListedRule } from "./rule-list";

export const rule_row_height = 52;
const techniques_shown_max = 2;

// Columns go when the list is narrow, whether the window is or the panel beside it takes the room.
const columns =
  "grid items-center gap-x-3 px-4 grid-cols-[88px_minmax(0,1fr)_88px] @2xl:grid-cols-[88px_minmax(0,1fr)_96px_88px] @4xl:grid-cols-[88px_minmax(0,1fr)_176px_96px_152px_72px_88px]";

const sort_titles = {
  level: "The worst first",
  cost: "The dearest first",
  matches: "The most frequent first",
};

const names: { name: string; sort?: RulesView["sort"] | "matches"; className?: string }[] = [
  { name: "Level", sort: "level" },
  { name: "Rule" },
  { name: "Techniques", className: "hidden @4xl:block" },
  { name: "Kind", className: "hidden @2xl:block" },
  { name: "Pack", className: "hidden @4xl:block" },
  { name: "Cost", sort: "cost", className: "hidden text-right @4xl:block" },
  { name: "Matches", sort: "matches", className: "text-right" },
];

interface RuleHeaderProps {
  sort: RulesView["sort"];
  onSort: (sort: RulesView["sort"]) => void;
}

export function RuleHeader({ sort, onSort }: RuleHeaderProps) {
  const current = sort ?? "matches";
  return (
    <div
      role="rowgroup"
      className="shrink-0 overflow-hidden border-b border-line bg-surface [scrollbar-gutter:stable]"
    >
      <div role="row" aria-rowindex={1} className={cn(columns, "h-8 text-2xs font-medium text-faint")}>
        {names.map(({ name, sort: by, className }) => (
          <span
            role="columnheader"
            key={name}
            aria-sort={by !== undefined && by === current ? "descending" : undefined}
            className={cn("truncate", className)}
          >
            {by === undefined ? (
              name
            ) : (
              <button
                type="button"
                onClick={() => onSort(by === "matches" ? undefined : by)}
                title={sort_titles[by]}
                className="inline-flex h-6 items-center gap-1 hover:text-text"
              >
                {name}
                {by === current ? <ArrowDown size={12} aria-hidden /> : null}
              </button>
            )}
          </span>
        ))}
      </div>
    </div>
  );
}

interface RuleRowProps {
  listed: ListedRule;
  view: RulesView;
  index: number;
  top: number;
  isActive: boolean;
  isDisabled: boolean;
  isExcepted: boolean;
  onFocus: () => void;
}

const Cell = ({ className, children }: { className?: string; children: ReactNode }) => (
  <div role="cell" className={cn("min-w-0", className)}>
    {children}
  </div>
);

export function RuleRow(props: RuleRowProps) {
  const { listed, view, index, top, isActive, isDisabled, isExcepted, onFocus } = props;
  const { rule, techniques } = listed;
  const isOpen = view.rule === rule.id;
  const rest = techniques.length - techniques_shown_max;
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      style={{ height: rule_row_height, transform: `translateY(${top}px)` }}
      className={cn(
        columns,
        "absolute inset-x-0 border-b border-line hover:bg-hover has-[a:focus-visible]:bg-selected",
        isOpen ? "bg-selected" : "bg-surface",
      )}
    >
      <Cell>
        <SeverityMark severity={rule.level} />
      </Cell>
      <Cell>
        <Link
          to="/rules"
          search={{ ...view, rule: rule.id, event: undefined }}
          replace
          data-row={index}
          tabIndex={isActive ? 0 : -1}
          onFocus={onFocus}
          className="block truncate text-sm font-semibold outline-none after:absolute after:inset-0 focus-visible:after:outline-2 focus-visible:after:-outline-offset-2 focus-visible:after:outline-accent"
        >
          <VisibleText text={rule.title} />
        </Link>
        <div className="flex items-center gap-2">
          {isDisabled ? (
            <Badge tone="warning">
              <Ban size={11} aria-hidden />
              Disabled
            </Badge>
          ) : null}
          {isExcepted ? (
            <Badge>
              <Filter size={11} aria-hidden />
              Exceptions
            </Badge>
          ) : null}
          <span className="truncate font-mono text-xs text-dim">
            <VisibleText text={rule.id} />
          </span>
        </div>
      </Cell>
      <Cell className="hidden truncate font-mono text-xs text-dim @4xl:block">
        <span title={techniques.join(", ")}>
          {techniques.slice(0, techniques_shown_max).join(" ")}
          {rest > 0 ? ` +${rest}` : ""}
        </span>
      </Cell>
      <Cell className="hidden text-xs text-dim @2xl:block">{kindWords[rule.kind]}</Cell>
      <Cell className="hidden truncate text-xs text-dim @4xl:block">
        <VisibleText text={rule.pack} />
      </Cell>
      <Cell className="hidden text-right text-xs text-dim tabular-nums @4xl:block">
        {formatDuration(rule.cost.time_us / 1_000)}
      </Cell>
      <Cell className="text-right text-sm tabular-nums">{formatCount(rule.matches)}</Cell>
    </div>
  );
}
