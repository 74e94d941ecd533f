import { describe, expect, it } from "vitest";
import type { ReliabilityBin, RiskReason, Suppression } from "@/api/types";
import { dotsOf, limitWords, shareText, signalsOf, sortSuppressions } from "./triage-figures";

const reason = (...signals: string[]): RiskReason => ({
  factor: "evidence",
  what: "",
  log_odds: 1,
  signals,
});

it("counts a signal once, however many reasons rest on it", () => {
  expect(signalsOf({ reasons: [reason("a", "b"), reason("b", "c")] })).toEqual(["a", "b", "c"]);
});

it("lists what is in force first, and of that what ends first", () => {
  const now = Date.parse("2026-03-04T10:00:00Z");
  const until = (expires: string) => ({ id: expires, expires }) as Suppression;
  const sorted = sortSuppressions(
    ["2026-01-01", "2026-09-01", "2026-03-05", "2026-02-01"].map((day) => until(`${day}T00:00:00Z`)),
    now,
  );
  expect(sorted.map((each) => each.expires.slice(0, 10))).toEqual([
    "2026-03-05",
    "2026-09-01",
    "2026-02-01",
    "2026-01-01",
  ]);
});

it("says that a technique means what is below it", () => {
  expect(limitWords({ technique: "T1110", severity_max: "high" })).toEqual(["T1110 and below", "up to high"]);
  expect(limitWords({ technique: "T1110.001" })).toEqual(["T1110.001"]);
  expect(limitWords({ rule: "r" })).toEqual([]);
});

it("has no share of nothing", () => {
  expect(shareText(0, 0)).toBe("–");
  expect(shareText(0.078, 242)).toBe("8 %");
});

describe("the reliability chart", () => {
  const bin = (predicted: number, observed: number, count: number): ReliabilityBin => ({
    low: 0,
    high: 1,
    predicted,
    observed,
    count,
  });

  it("puts what is malicious at the top", () => {
    const [low, high] = dotsOf([bin(0, 0, 1), bin(1, 1, 1)], 100);
    expect([low?.x, low?.y]).toEqual([0, 100]);
    expect([high?.x, high?.y]).toEqual([100, 0]);
  });

  it("draws by area, and never so small that it is not seen", () => {
    const [most, quarter, one] = dotsOf([bin(0, 0, 4_000), bin(0, 0, 1_000), bin(0, 0, 1)], 100);
    expect(quarter?.radius).toBeCloseTo((most?.radius ?? 0) / 2);
    expect(one?.radius).toBe(2.5);
  });
});
