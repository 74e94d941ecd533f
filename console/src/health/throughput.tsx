import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { historyQuery } from "@/api/queries";
import { useStream } from "@/api/stream";
import { joinPoints } from "@/api/stream-state";
import { formatCompact } from "@/lib/format";
import { useTheme } from "@/lib/theme";
import { useElementWidth } from "@/lib/use-element-size";
import { Panel } from "@/ui/panel";
import { Chart } from "./chart";

const window_ms = 15 * 60 * 1_000;

export default function Throughput() {
  const history = useQuery(historyQuery);
  const live = useStream((state) => state.points);
  const theme = useTheme();
  const [ref, width] = useElementWidth();
  const points = useMemo(() => {
    const joined = joinPoints(history.data?.points ?? [], live);
    const end = Date.parse(joined.at(-1)?.time ?? "");
    return joined.filter((point) => Date.parse(point.time) > end - window_ms);
  }, [history.data, live]);
  const peak = points.reduce((max, point) => Math.max(max, point.events_per_second), 0);
  const summary = `Events per second over the last 15 minutes: now ${formatCompact(Math.round(points.at(-1)?.events_per_second ?? 0))}, at most ${formatCompact(Math.round(peak))}.`;
  return (
    <Panel title="Throughput" aside={<Legend />}>
      <div role="img" aria-label={summary} ref={ref} className="h-60 overflow-hidden px-2 py-3">
        {width > 0 && points.length > 1 ? (
          <Chart key={theme} points={points} width={width} />
        ) : (
          <p className="p-4 text-sm text-dim">The first points appear within seconds.</p>
        )}
      </div>
    </Panel>
  );
}

const Legend = () => (
  <>
    <span className="inline-block h-0.5 w-4 bg-accent" aria-hidden /> events per second
    <span className="ml-3 inline-block h-0.5 w-4 bg-high" aria-hidden /> lag in records
  </>
);
