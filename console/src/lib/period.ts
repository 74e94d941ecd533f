/** How far a backtest or a preview looks back, in event time. */
export const periods = [
  { value: "1d", label: "Last 24 hours", days: 1 },
  { value: "7d", label: "Last 7 days", days: 7 },
  { value: "30d", label: "Last 30 days", days: 30 },
  { value: "90d", label: "Last 90 days", days: 90 },
] as const;

export type Period = (typeof periods)[number]["value"];

const day_ms = 86_400_000;

/** The moment `days` from `now`, to the second. */
export const momentIn = (days: number, now: number) =>
  new Date(now + days * day_ms).toISOString().replace(/\.\d+Z$/, "Z");

export function beginOf(period: Period | undefined, now: number): string | undefined {
  const days = periods.find((each) => each.value === period)?.days;
  return days === undefined ? undefined : momentIn(-days, now);
}

/** `2026-01-31`, as a date field wants it. */
export const dayIn = (days: number, now: number) => momentIn(days, now).slice(0, 10);

/** The first moment of the day, UTC. */
export const dayBegin = (day: string) => `${day}T00:00:00Z`;
