import type { FullAnswer } from "@/api/query-types";
import type { Answer } from "@/api/types";
import { formatTime } from "@/lib/format";

const char_px = 7.3;
const cell_padding_px = 32;
const width_px_min = 72;
const width_px_max = 560;
const sample_rows_max = 200;

const numeric = new Set(["long", "int", "real", "double", "decimal"]);

export const isNumeric = (type: string) => numeric.has(type.toLowerCase());

/** A cell as text. Objects come from nested source fields and are shown as JSON. */
export function cellText(value: unknown, type = "text"): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return type === "datetime" ? formatTime(value, true) : value;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** The answer without the columns that are empty in every row, and the names of those. */
export function withoutEmpty(answer: FullAnswer): { shown: FullAnswer; empty: string[] } {
  const isFilled = answer.columns.map((_, index) => answer.rows.some((row) => cellText(row[index]) !== ""));
  const keep = <T>(list: T[]) => list.filter((_, index) => isFilled[index] !== false);
  const empty = answer.columns.filter((_, index) => isFilled[index] === false).map((column) => column.name);
  if (empty.length === 0 || answer.rows.length === 0) return { shown: answer, empty: [] };
  return { shown: { ...answer, columns: keep(answer.columns), rows: answer.rows.map(keep) }, empty };
}

/** Column widths from what is in them; the widest, usually the message, may wrap out of sight. */
export function columnWidths(answer: Pick<Answer, "columns" | "rows">): number[] {
  const sample = answer.rows.slice(0, sample_rows_max);
  return answer.columns.map((column, index) => {
    const lengths = sample.map((row) => cellText(row[index]).length);
    const longest = Math.max(column.name.length + column.type.length, ...lengths);
    return Math.min(width_px_max, Math.max(width_px_min, Math.ceil(longest * char_px) + cell_padding_px));
  });
}

const event_id = /^[a-z]+\.\d+\.\d+$/;

/** The event a row stands for: its `id` column, when that holds an event id. */
export function rowEvent(answer: Pick<Answer, "columns">, row: unknown[]): string | undefined {
  const value = row[answer.columns.findIndex((column) => column.name === "id")];
  return typeof value === "string" && event_id.test(value) ? value : undefined;
}
