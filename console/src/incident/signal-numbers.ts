import type { IncidentDetail, Join, Signal } from "@/api/types";

/** A signal with the number by which the page refers to it, and why it belongs to the incident. */
export interface NumberedSignal {
  number: number;
  signal: Signal;
  join: Join | undefined;
}

/** Numbers from 1 in the order of the first evidence: the order in which the story is told. */
export function numberSignals(incident: Pick<IncidentDetail, "signals" | "joins">): NumberedSignal[] {
  const joins = new Map(incident.joins.map((join) => [join.signal, join]));
  return [...incident.signals]
    .sort((a, b) => Date.parse(a.first) - Date.parse(b.first) || (a.id < b.id ? -1 : 1))
    .map((signal, index) => ({ number: index + 1, signal, join: joins.get(signal.id) }));
}

/** [1, 2, 3, 5] → `1–3, 5` */
export function numberRanges(numbers: readonly number[]): string {
  const sorted = [...new Set(numbers)].sort((a, b) => a - b);
  const runs: [number, number][] = [];
  for (const number of sorted) {
    const run = runs.at(-1);
    if (run !== undefined && run[1] === number - 1) run[1] = number;
    else runs.push([number, number]);
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}–${last}`)).join(", ");
}
