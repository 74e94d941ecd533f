import { cn } from "@/lib/cn";
import { formatCompact, formatRange, plural } from "@/lib/format";
import { SeverityShape } from "@/ui/severity";
import { numberRanges } from "./signal-numbers";
import type { Mark } from "./timeline-lanes";

/** From this share of the width on, the number and the count fit into the bar. */
const label_width_min = 0.07;

interface TimelineMarkProps {
  mark: Mark;
  top: number;
  isCited: boolean;
  isSelected: boolean;
  onSelect: (signal: string) => void;
}

export function TimelineMark({ mark, top, isCited, isSelected, onSelect }: TimelineMarkProps) {
  const [first] = mark.items;
  const last = mark.items.at(-1);
  if (first === undefined || last === undefined) return null;
  const count = mark.items.reduce((sum, item) => sum + item.signal.count, 0);
  const numbers = numberRanges(mark.items.map((item) => item.number));
  const range = formatRange(first.signal.first, last.signal.last);
  const hasLabel = mark.right - mark.left >= label_width_min;
  const label = `Signal ${numbers}: ${first.signal.rule.title}, ${plural(count, "time")}, ${range}`;
  return (
    <button
      type="button"
      aria-label={label}
      aria-pressed={isSelected}
      title={label}
      onClick={() => onSelect(first.signal.id)}
      style={{ left: `${mark.left * 100}%`, width: `${(mark.right - mark.left) * 100}%`, top }}
      className={cn(
        "absolute flex h-[18px] items-center gap-1 overflow-hidden rounded-sm border px-1 text-2xs whitespace-nowrap tabular-nums",
        isCited ? "border-accent bg-selected" : "border-line-strong bg-raised",
        isSelected && "ring-2 ring-accent",
        !hasLabel && "justify-center",
      )}
    >
      <SeverityShape severity={first.signal.severity} size={10} />
      {hasLabel ? (
        <>
          <span className="font-medium">{numbers}</span>
          <span className="text-dim">×{formatCompact(count)}</span>
        </>
      ) : null}
    </button>
  );
}
