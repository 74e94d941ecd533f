import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { formatCompact, formatTime } from "@/lib/format";
import type { Lines } from "./chart-data";

const height = 200;
const strokes = ["--accent", "--high", "--good", "--medium", "--critical", "--low"];

/** uPlot draws on a canvas, where style sheets do not reach: the theme's colours are read from the page. */
function optionsFor(data: Lines, width: number): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const axis = {
    stroke: colour("--faint"),
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { show: false },
    font: `11px ${getComputedStyle(document.body).fontFamily}`,
  };
  return {
    width,
    height,
    padding: [8, 44, 0, 0],
    cursor: { y: false, points: { size: 6 } },
    axes: [
      {
        ...axis,
        size: 28,
        values: (_, values) =>
          values.map((value) => formatTime(new Date(value * 1_000).toISOString()).slice(5, 16)),
        space: 90,
      },
      { ...axis, values: (_, values) => values.map((value) => formatCompact(value)), size: 52 },
    ],
    scales: { y: { range: (_, min, max) => [Math.min(0, min), Math.max(1, max * 1.1)] } },
    series: [
      {
        label: "Time",
        value: (_, value) => (value === null ? "" : formatTime(new Date(value * 1_000).toISOString())),
      },
      ...data.lines.map((line, index) => ({
        label: line.name,
        stroke: colour(strokes[index % strokes.length] ?? "--accent"),
        width: 1.5,
        // More lines than colours: those that come again are dashed.
        dash: index < strokes.length ? [] : [6, 4],
        spanGaps: false,
        points: { show: data.times.length < 60, size: 4 },
      })),
    ],
  };
}

export default function LineChart({ data, width }: { data: Lines; width: number }) {
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const start = useRef(width);
  // uPlot owns a canvas outside React: made anew with each answer, resized with the page.
  useEffect(() => {
    if (holder.current === null) return;
    const made = new uPlot(
      optionsFor(data, start.current),
      [data.times, ...data.lines.map((line) => line.values)],
      holder.current,
    );
    plot.current = made;
    return () => made.destroy();
  }, [data]);
  useEffect(() => {
    start.current = width;
    plot.current?.setSize({ width, height });
  }, [width]);
  return <div ref={holder} className="[&_.u-legend]:text-xs [&_.u-legend_th]:font-normal" />;
}
