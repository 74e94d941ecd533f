import { useMemo, useState } from "react";
import { Panel } from "@/ui/panel";
import type { NumberedSignal } from "./signal-numbers";
import { type LaneKind, lanesOf, spanOfSignals, timeTicks } from "./timeline-lanes";
import { TimelineMark } from "./timeline-mark";

const row_height = 22;
const ticks_max = 9;

interface TimelineProps {
  numbered: NumberedSignal[];
  cited: ReadonlySet<string>;
  selected: string | undefined;
  onSelect: (signal: string) => void;
}

export function Timeline({ numbered, cited, selected, onSelect }: TimelineProps) {
  const hasTactics = new Set(numbered.map((item) => item.signal.tactics[0])).size > 1;
  const [kind, setKind] = useState<LaneKind>(hasTactics ? "tactic" : "rule");
  const lanes = useMemo(() => lanesOf(numbered, kind), [numbered, kind]);
  const ticks = useMemo(() => timeTicks(spanOfSignals(numbered), ticks_max), [numbered]);
  if (numbered.length === 0) return null;
  return (
    <Panel title="Timeline" aside={<LaneChoice kind={kind} onChange={setKind} />}>
      <div className="grid grid-cols-[132px_minmax(0,1fr)] gap-x-3 px-4 py-3">
        {lanes.map((lane) => (
          <div key={lane.name} className="contents">
            <div className="truncate py-1 text-xs text-dim" title={lane.name}>
              {lane.name}
            </div>
            <div className="relative border-l border-line" style={{ height: lane.rows * row_height + 4 }}>
              {ticks.map((tick) => (
                <div
                  key={tick.at}
                  className="absolute inset-y-0 w-px bg-line"
                  style={{ left: `${tick.at * 100}%` }}
                />
              ))}
              {lane.marks.map((mark) => (
                <TimelineMark
                  key={mark.items[0]?.signal.id}
                  mark={mark}
                  top={mark.row * row_height + 3}
                  isCited={mark.items.some((item) => cited.has(item.signal.id))}
                  isSelected={mark.items.some((item) => item.signal.id === selected)}
                  onSelect={onSelect}
                />
              ))}
            </div>
          </div>
        ))}
        <div className="py-1 text-2xs text-faint">UTC</div>
        <div className="relative h-5 border-t border-line">
          {ticks.map((tick) => (
            <span
              key={tick.at}
              className="absolute top-1 -translate-x-1/2 text-2xs text-faint tabular-nums"
              style={{ left: `${tick.at * 100}%` }}
            >
              {tick.label}
            </span>
          ))}
        </div>
      </div>
    </Panel>
  );
}

function LaneChoice({ kind, onChange }: { kind: LaneKind; onChange: (kind: LaneKind) => void }) {
  return (
    <fieldset className="flex rounded-md border border-line p-0.5">
      <legend className="sr-only">Lanes of the timeline</legend>
      {(["tactic", "rule"] as const).map((each) => (
        <button
          key={each}
          type="button"
          aria-pressed={kind === each}
          onClick={() => onChange(each)}
          className="h-6 rounded px-2 text-xs text-dim aria-pressed:bg-raised aria-pressed:text-text"
        >
          By {each}
        </button>
      ))}
    </fieldset>
  );
}
