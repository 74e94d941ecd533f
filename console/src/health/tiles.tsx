import type { ReactNode } from "react";
import type { Pipeline, Status } from "@/api/types";
import { useNow } from "@/lib/clock";
import { cn } from "@/lib/cn";
import { formatAgo, formatBytes, formatCompact, formatCount, formatDuration } from "@/lib/format";

const states: Record<Pipeline["state"], { label: string; className: string; meaning: string }> = {
  idle: {
    label: "Idle",
    className: "text-text",
    meaning: "Nothing to do: all that came in is worked through.",
  },
  working: {
    label: "Working",
    className: "text-good",
    meaning: "Events are coming in and being worked through.",
  },
  stalled: {
    label: "Stalled",
    className: "text-critical",
    meaning: "Events wait and nothing moves: read the server's log.",
  },
};

interface TileProps {
  name: string;
  note: ReactNode;
  className?: string;
  children: ReactNode;
}

const Tile = ({ name, note, className, children }: TileProps) => (
  <div className="flex flex-col gap-1 rounded-lg border border-line bg-surface px-4 py-3">
    <dt className="text-2xs font-medium text-faint">{name}</dt>
    <dd className={cn("text-xl font-semibold tabular-nums", className)}>{children}</dd>
    <dd className="truncate text-xs text-dim tabular-nums">{note}</dd>
  </div>
);

interface TilesProps {
  pipeline: Pipeline;
  rules: Status["rules"];
  started: string;
}

export function Tiles({ pipeline, rules, started }: TilesProps) {
  const now = useNow();
  const state = states[pipeline.state];
  const progress = pipeline.last_progress ? formatAgo(pipeline.last_progress, now) : "none yet";
  const uptime = formatDuration(now - Date.parse(started));
  return (
    <dl className="grid grid-cols-2 gap-4 md:grid-cols-3 xl:grid-cols-6">
      <Tile name="Pipeline" note={`progress ${progress}, up ${uptime}`} className={state.className}>
        <span title={state.meaning}>{state.label}</span>
      </Tile>
      <Tile name="Events per second" note={`${formatCount(pipeline.events_total)} in all`}>
        {formatCompact(Math.round(pipeline.events_per_second))}
      </Tile>
      <Tile name="Bytes per second" note={`${formatBytes(pipeline.bytes_total)} in all`}>
        {formatBytes(pipeline.bytes_per_second)}
      </Tile>
      <Tile name="Lag" note="records are waiting" className={pipeline.lag_records > 0 ? "text-medium" : ""}>
        {formatCompact(pipeline.lag_records)}
      </Tile>
      <Tile name="Signals" note={`${formatCount(pipeline.incidents_total)} incidents`}>
        {formatCompact(pipeline.signals_total)}
      </Tile>
      <Tile
        name="Rules"
        note={rules.problems === 0 ? "all of them compile" : `${formatCount(rules.problems)} problems`}
      >
        {formatCount(rules.loaded)}
      </Tile>
    </dl>
  );
}
