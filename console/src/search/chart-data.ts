import type { Answer } from "@/api/types";
import { cellText, isNumeric } from "./cells";

type Table = Pick<Answer, "columns" | "rows">;

/** Most lines of one chart; the others are left out, and that is said. */
export const lines_max = 12;
/** Most bars of one chart. */
export const bars_max = 40;

export interface Lines {
  /** Seconds since 1970, ascending. */
  times: number[];
  lines: { name: string; values: (number | null)[] }[];
  left_out: number;
}

export interface Bars {
  bars: { name: string; value: number }[];
  left_out: number;
}

/** Numbers over time: a line for every numeric column, split by the texts beside it. Null where there is no time. */
export function linesOf({ columns, rows }: Table): Lines | null {
  const time = columns.findIndex((column) => column.type === "datetime");
  const numbers = places(columns, (type) => isNumeric(type));
  if (time < 0 || numbers.length === 0) return null;
  const splits = places(columns, (type) => type === "string");
  const seconds = (row: unknown[]) => Date.parse(String(row[time])) / 1_000;
  const times = [...new Set(rows.map(seconds))].filter(Number.isFinite).sort((a, b) => a - b);
  const at = new Map(times.map((each, index) => [each, index]));
  const lines = new Map<string, (number | null)[]>();
  for (const row of rows) {
    const index = at.get(seconds(row));
    if (index === undefined) continue;
    const split = splits.map((place) => cellText(row[place]) || "(empty)").join(", ");
    for (const place of numbers) {
      const column = columns[place]?.name ?? "";
      const name = split === "" ? column : numbers.length === 1 ? split : `${split}: ${column}`;
      const values = lines.get(name) ?? times.map(() => null);
      lines.set(name, values);
      values[index] = numberOf(row[place]);
    }
  }
  // The greatest say most; a legend of hundreds says nothing.
  const ranked = [...lines].map(([name, values]) => ({ name, values }));
  ranked.sort((a, b) => total(b.values) - total(a.values));
  return { times, lines: ranked.slice(0, lines_max), left_out: Math.max(0, ranked.length - lines_max) };
}

/** A number for each name. Null where there is none of the one or the other. */
export function barsOf({ columns, rows }: Table): Bars | null {
  const number = columns.findIndex((column) => isNumeric(column.type));
  const names = places(columns, (type) => !isNumeric(type));
  if (number < 0 || names.length === 0) return null;
  const bars = rows.map((row) => ({
    name: names.map((place) => cellText(row[place], columns[place]?.type) || "(empty)").join(", "),
    value: numberOf(row[number]) ?? 0,
  }));
  return { bars: bars.slice(0, bars_max), left_out: Math.max(0, bars.length - bars_max) };
}

const places = (columns: Table["columns"], fits: (type: string) => boolean) =>
  columns.flatMap((column, place) => (fits(column.type) ? [place] : []));

const numberOf = (value: unknown) =>
  value === null || value === undefined || !Number.isFinite(Number(value)) ? null : Number(value);

const total = (values: (number | null)[]) => values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
