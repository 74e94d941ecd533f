import { humanise } from "@/lib/format";
import { groupBy } from "@/lib/group-by";
import type { NumberedSignal } from "./signal-numbers";

export type LaneKind = "tactic" | "rule";

/** One bar: usually one signal, several where there is no room to tell them apart. Places are 0 to 1. */
export interface Mark {
  items: NumberedSignal[];
  left: number;
  right: number;
  row: number;
}

export interface Lane {
  name: string;
  rows: number;
  marks: Mark[];
}

export interface Span {
  from: number;
  to: number;
}

const rows_max = 4;
const lanes_max = 12;
/** Bars are at least this wide, so that a moment can still be seen and clicked. */
const width_min = 0.026;
const pad = 0.02;

/** The shown time span, with a margin; a single moment gets a minute around it. */
export function spanOfSignals(items: readonly NumberedSignal[]): Span {
  const firsts = items.map((item) => Date.parse(item.signal.first));
  const lasts = items.map((item) => Date.parse(item.signal.last));
  const from = Math.min(...firsts);
  const to = Math.max(...lasts);
  const margin = Math.max((to - from) * pad, 30_000);
  return { from: from - margin, to: to + margin };
}

export function lanesOf(items: readonly NumberedSignal[], kind: LaneKind): Lane[] {
  const span = spanOfSignals(items);
  const groups = groupBy(items, (item) => laneName(item, kind));
  const lanes = [...groups].map(([name, members]) => packLane(name, members, span));
  if (lanes.length <= lanes_max) return lanes;
  const rest = lanes.slice(lanes_max - 1).flatMap((lane) => lane.marks.flatMap((mark) => mark.items));
  return [...lanes.slice(0, lanes_max - 1), packLane("Others", rest, span)];
}

function laneName({ signal }: NumberedSignal, kind: LaneKind): string {
  if (kind === "rule") return signal.rule.title;
  return humanise(signal.tactics[0] ?? "no tactic named");
}

/** Puts each bar in the first row where it fits; what fits nowhere joins the bar before it. */
function packLane(name: string, members: NumberedSignal[], span: Span): Lane {
  const marks: Mark[] = [];
  const ends: number[] = [];
  const at = (time: string) => (Date.parse(time) - span.from) / (span.to - span.from);
  for (const item of members) {
    const left = at(item.signal.first);
    const right = Math.max(at(item.signal.last), left + width_min);
    const free = ends.findIndex((end) => end <= left);
    const row = free >= 0 ? free : ends.length;
    const previous = marks.at(-1);
    if (row >= rows_max && previous !== undefined) {
      previous.items.push(item);
      previous.right = Math.max(previous.right, right);
      ends[previous.row] = previous.right;
    } else {
      marks.push({ items: [item], left, right, row });
      ends[row] = right;
    }
  }
  return { name, rows: Math.max(1, ends.length), marks };
}

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const steps = [
  second,
  5 * second,
  15 * second,
  30 * second,
  minute,
  5 * minute,
  15 * minute,
  30 * minute,
  hour,
  3 * hour,
  6 * hour,
  12 * hour,
  day,
  2 * day,
  7 * day,
  30 * day,
  90 * day,
  365 * day,
]; // prettier-ignore

export interface Tick {
  at: number;
  label: string;
}

/** Round moments within the span, at most `ticks_max` of them, with the date where a day begins. */
export function timeTicks(span: Span, ticks_max: number): Tick[] {
  const length = span.to - span.from;
  const size = steps.find((step) => length / step <= ticks_max) ?? length;
  const ticks: Tick[] = [];
  for (let time = Math.ceil(span.from / size) * size; time <= span.to; time += size) {
    ticks.push({ at: (time - span.from) / length, label: tickLabel(time, size) });
  }
  return ticks;
}

function tickLabel(time: number, size: number): string {
  const text = new Date(time).toISOString();
  if (size >= day || time % day === 0) return text.slice(5, 10);
  return size < minute ? text.slice(11, 19) : text.slice(11, 16);
}
