import type { EntityRef, Estimate } from "@/api/types";

const count_format = new Intl.NumberFormat("en-GB");
const compact_format = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });

/** 1234567 → 1,234,567 */
export const formatCount = (value: number) => count_format.format(value);

/** 1234567 → 1.2M */
export const formatCompact = (value: number) =>
  value < 10_000 ? formatCount(value) : compact_format.format(value);

/** 1 signal, 2 signals */
export const plural = (count: number, one: string, many = `${one}s`) =>
  `${formatCount(count)} ${count === 1 ? one : many}`;

const byte_units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < byte_units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${byte_units[unit] ?? ""}`;
}

/** A probability as whole per cent. What is not certain is never shown as 0 or 100. */
export function percent(probability: number): number {
  if (probability <= 0) return 0;
  if (probability >= 1) return 100;
  return Math.min(99, Math.max(1, Math.round(probability * 100)));
}

export const describeRisk = (risk: Estimate) =>
  `${percent(risk.score)} % likely malicious, 90 % interval ${percent(risk.low)} to ${percent(risk.high)} %`;

const minute_ms = 60_000;
const hour_ms = 60 * minute_ms;
const day_ms = 24 * hour_ms;

/** 42 s, 3 min, 2 h 5 min, 4 d 6 h: at most two units. */
export function formatDuration(milliseconds: number): string {
  const total = Math.max(0, milliseconds);
  if (total < 1_000) return total === 0 ? "0 s" : `${Math.round(total)} ms`;
  if (total < minute_ms) return `${Math.round(total / 1_000)} s`;
  if (total < hour_ms) return pair(total, minute_ms, "min", 1_000, "s");
  if (total < day_ms) return pair(total, hour_ms, "h", minute_ms, "min");
  return pair(total, day_ms, "d", hour_ms, "h");
}

function pair(total: number, big: number, bigName: string, small: number, smallName: string): string {
  const whole = Math.floor(total / big);
  const rest = Math.floor((total % big) / small);
  return rest === 0 ? `${whole} ${bigName}` : `${whole} ${bigName} ${rest} ${smallName}`;
}

/** 12.34 → 12.3 ms */
export const milliseconds = (value: number) =>
  value < 1_000 ? `${formatCount(Math.round(value * 10) / 10)} ms` : formatDuration(value);

export const spanOf = (first: string, last: string) => formatDuration(Date.parse(last) - Date.parse(first));

/** How long ago, one unit. Moments ahead of the clock read "now": sources' clocks run fast. */
export function formatAgo(time: string, now: number): string {
  const age = now - Date.parse(time);
  if (Number.isNaN(age)) return "–";
  if (age < 5_000) return "now";
  if (age < minute_ms) return `${Math.floor(age / 1_000)} s ago`;
  if (age < hour_ms) return `${Math.floor(age / minute_ms)} min ago`;
  if (age < 2 * day_ms) return `${Math.floor(age / hour_ms)} h ago`;
  return `${Math.floor(age / day_ms)} d ago`;
}

/** 2026-01-31 23:59:59 in UTC; with `fraction` the source's microseconds as they are. */
export function formatTime(time: string, fraction = false): string {
  const match = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?Z$/.exec(time);
  if (match === null) return time;
  const [, date = "", clock = "", rest = ""] = match;
  return `${date} ${clock}${fraction ? rest : ""}`;
}

/** First and last without repeating the date where it is the same. */
export function formatRange(first: string, last: string): string {
  const from = formatTime(first);
  const to = formatTime(last);
  if (from === to) return from;
  return from.slice(0, 10) === to.slice(0, 10) ? `${from} – ${to.slice(11)}` : `${from} – ${to}`;
}

/** `credential-access` → `Credential access`, `in_progress` → `In progress` */
export function humanise(name: string): string {
  const words = name.replace(/[-_]/g, " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** The server words problems in lower case; on a page of their own they begin with a capital letter. */
export const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** An address that no chat or mail program turns into a link. */
export const defang = (address: string) => address.replace(/\./g, "[.]").replace(/:/g, "[:]");

export const eventKql = (id: string) => `event("${id}")`;

const role_order: EntityRef["role"][] = ["source", "actor", "target", "destination", "related", "observer"];

/** Those that say most first: where it came from, who did it, to what. */
export const byRole = (entities: readonly EntityRef[]) =>
  [...entities].sort((a, b) => role_order.indexOf(a.role) - role_order.indexOf(b.role));
