import type { NumberedSignal } from "@/incident/signal-numbers";
import { cn } from "@/lib/cn";
import { formatCount } from "@/lib/format";
import { SeverityShape } from "@/ui/severity";
import { VerdictIcon } from "@/ui/verdict";

/** The list is for reading along with a sentence; the signals table holds all of them. */
const shown_max = 200;

interface CitedSignalsProps {
  listed: NumberedSignal[];
  selected: NumberedSignal | undefined;
  onSelect: (signal: string) => void;
}

export function CitedSignals({ listed, selected, onSelect }: CitedSignalsProps) {
  return (
    <ul aria-label="Cited signals" className="max-h-40 shrink-0 overflow-auto border-b border-line p-1">
      {listed.slice(0, shown_max).map((item) => {
        const isSelected = item === selected;
        return (
          <li key={item.signal.id}>
            <button
              type="button"
              aria-pressed={isSelected}
              onClick={() => onSelect(item.signal.id)}
              ref={(element) => {
                if (isSelected) element?.scrollIntoView({ block: "nearest" });
              }}
              className={cn(
                "flex h-8 w-full items-center gap-2 rounded px-3 text-left",
                isSelected ? "bg-selected" : "hover:bg-hover",
              )}
            >
              <span className="w-5 shrink-0 text-right font-mono text-xs text-dim">{item.number}</span>
              <SeverityShape severity={item.signal.severity} />
              <span className="truncate">{item.signal.rule.title}</span>
              {item.signal.verdict ? <VerdictIcon verdict={item.signal.verdict} /> : null}
              <span className="ml-auto shrink-0 text-xs text-dim tabular-nums">
                ×{formatCount(item.signal.count)}
              </span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}
