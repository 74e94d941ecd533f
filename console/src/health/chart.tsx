import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { HistoryPoint } from "@/api/types";
import { formatCompact } from "@/lib/format";

const height = 216;

function columnsOf(points: readonly HistoryPoint[]): uPlot.AlignedData {
  return [
    points.map((point) => Date.parse(point.time) / 1_000),
    points.map((point) => point.events_per_second),
    points.map((point) => point.lag_records),
  ];
}

/** uPlot draws on a canvas, where style sheets do not reach: the theme's colours are read from the page. */
function optionsFor(width: number): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const axis = {
    stroke: colour("--faint"),
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { show: false },
    font: `11px ${getComputedStyle(document.body).fontFamily}`,
  };
  const numbers = (_: uPlot, values: number[]) => values.map((value) => formatCompact(value));
  const fromZero: uPlot.Range.Function = (_, __, max) => [0, Math.max(10, max * 1.1)];
  return {
    width,
    height,
    padding: [8, 0, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { size: 6 } },
    scales: { events: { range: fromZero }, lag: { range: fromZero } },
    axes: [
      {
        ...axis,
        size: 28,
        values: (_, values) => values.map((value) => new Date(value * 1_000).toISOString().slice(11, 16)),
      },
      { ...axis, scale: "events", values: numbers, size: 48 },
      { ...axis, scale: "lag", side: 1, values: numbers, size: 48, grid: { show: false } },
    ],
    series: [
      {},
      {
        scale: "events",
        stroke: colour("--accent"),
        width: 1.5,
        fill: `${colour("--accent")}22`,
        points: { show: false },
      },
      { scale: "lag", stroke: colour("--high"), width: 1, points: { show: false } },
    ],
  };
}

export function Chart({ points, width }: { points: readonly HistoryPoint[]; width: number }) {
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  // uPlot owns a canvas outside React: one effect makes and ends it, the others hand it data and size.
  useEffect(() => {
    if (holder.current === null) return;
    const made = new uPlot(optionsFor(0), [[], [], []], holder.current);
    plot.current = made;
    return () => made.destroy();
  }, []);
  useEffect(() => plot.current?.setSize({ width, height }), [width]);
  useEffect(() => plot.current?.setData(columnsOf(points)), [points]);
  return <div ref={holder} />;
}
