import { formatCount } from "@/lib/format";

/** What a reason does to the odds: `×4.1` where it adds, `÷1.5` where it takes. */
export function oddsText(log_odds: number): string {
  const sign = log_odds < 0 ? "÷" : "×";
  const ratio = Math.exp(Math.abs(log_odds));
  if (ratio >= 10) return `${sign}${formatCount(Math.round(ratio))}`;
  // Below a tenth, one digit would read as nothing at all.
  return `${sign}${ratio.toFixed(ratio < 1.1 ? 2 : 1)}`;
}

/** As it adds up: the risk is the sum of these. */
export const logOddsText = (log_odds: number) =>
  `${log_odds < 0 ? "Takes" : "Adds"} ${Math.abs(log_odds).toFixed(2)} log-odds`;
