import { lazy, Suspense, useMemo } from "react";
import type { FullAnswer } from "@/api/query-types";
import { formatCount, plural } from "@/lib/format";
import { useTheme } from "@/lib/theme";
import { useElementWidth } from "@/lib/use-element-size";
import { SkeletonLines } from "@/ui/skeleton";
import { VisibleText } from "@/ui/visible-text";
import { barsOf, linesOf } from "./chart-data";

// Who reads rows does not load the drawing of lines.
const LineChart = lazy(() => import("./line-chart"));

const over_time = new Set(["timechart", "linechart", "areachart", "stackedareachart"]);
const by_name = new Set(["barchart", "columnchart", "piechart"]);

/** The picture that the question asks for with `render`; the rows stay below it. */
export function AnswerChart({ answer }: { answer: FullAnswer }) {
  const kind = answer.render?.kind ?? "";
  const theme = useTheme();
  const [ref, width] = useElementWidth();
  const lines = useMemo(() => (over_time.has(kind) ? linesOf(answer) : null), [kind, answer]);
  const bars = useMemo(() => {
    const isAsked = by_name.has(kind) || (over_time.has(kind) && lines === null);
    return isAsked ? barsOf(answer) : null;
  }, [kind, answer, lines]);
  if (lines === null && bars === null) return null;
  const left_out = lines?.left_out ?? bars?.left_out ?? 0;
  const title = answer.render?.title ?? "";
  return (
    <figure className="max-h-72 shrink-0 overflow-auto border-b border-line bg-surface px-4 py-3">
      <figcaption className="mb-2 text-xs text-dim">
        {title === "" ? null : <span className="mr-3 font-medium text-text">{title}</span>}
        {left_out > 0 ? `The first are drawn, ${formatCount(left_out)} more are in the rows.` : null}
      </figcaption>
      {lines === null ? null : (
        <div
          ref={ref}
          role="img"
          aria-label={`${plural(lines.lines.length, "line")} over ${plural(lines.times.length, "moment")}: ${lines.lines.map((line) => line.name).join(", ")}`}
        >
          <Suspense fallback={<SkeletonLines lines={4} label="Drawing" />}>
            {width > 0 ? <LineChart key={`${theme} ${kind}`} data={lines} width={width} /> : null}
          </Suspense>
        </div>
      )}
      {bars === null ? null : <BarChart bars={bars.bars} />}
    </figure>
  );
}

/** Bars with their names and numbers as text: nothing is said by colour or length alone. */
function BarChart({ bars }: { bars: { name: string; value: number }[] }) {
  const most = Math.max(1, ...bars.map((bar) => Math.abs(bar.value)));
  return (
    <ul className="grid grid-cols-[minmax(6rem,18rem)_minmax(0,1fr)_max-content] gap-x-3 gap-y-1 text-xs">
      {bars.map((bar) => (
        <li key={bar.name} className="col-span-3 grid grid-cols-subgrid items-center">
          <span className="truncate" title={bar.name}>
            <VisibleText text={bar.name} />
          </span>
          <span
            aria-hidden
            className="h-3 rounded-xs bg-accent"
            style={{ width: `${(Math.abs(bar.value) / most) * 100}%` }}
          />
          <span className="text-right tabular-nums">{formatCount(bar.value)}</span>
        </li>
      ))}
    </ul>
  );
}
