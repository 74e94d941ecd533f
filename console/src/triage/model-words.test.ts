import { describe, expect, it } from "vitest";
import type { Comparison, Model } from "@/api/types";
import { changeWords, driftedFeatures, labelsWords, metricText } from "./model-words";

const labelled = (attacks: number, harmless: number) =>
  labelsWords({ labels: { attacks, harmless, open: 0, needed: 30 } } as Model);

it("says which verdicts a shadow still needs", () => {
  expect(labelled(18, 44)).toBe("A shadow takes over by itself after 12 more on attacks, if it is better.");
  expect(labelled(0, 29)).toContain("30 more on attacks and 1 more on harmless ones");
  expect(labelled(30, 30)).toBe("Enough verdicts to compare a shadow by: the better one speaks.");
});

it("gives figures the digits that say something", () => {
  expect(metricText(2048)).toBe("2,048");
  expect(metricText(0.0005)).toBe("0.0005");
  expect(metricText(11.4216)).toBe("11.4");
});

describe("a change", () => {
  const change = {
    at: "2026-03-04T10:00:00Z",
    by: "schedule",
    kind: "sequence",
    version: "6f1d2c3b4a596877",
  } as const;
  const scores = (auc: number) => ({ auc, average_precision: 0.8, best_f1: 0.78, best_threshold: 11 });

  it("that compared says what came of it", () => {
    const comparison: Comparison = {
      attacks: 18,
      normals: 44,
      active: scores(0.941),
      shadow: scores(0.957),
      decision: "too_few_labels",
    };
    expect(changeWords({ ...change, change: "compared", comparison })).toBe(
      "compared with the active one: too few verdicts to tell (area 0.957 against 0.941)",
    );
    const unknown = { ...comparison, active: null };
    expect(changeWords({ ...change, change: "compared", comparison: unknown })).not.toContain("area");
  });

  it("of another kind is a word", () => {
    expect(changeWords({ ...change, change: "shadowed" })).toBe("runs in shadow");
  });
});

it("names the features that moved, and no others", () => {
  const drift: Model["drift"] = {
    level: "some",
    report: {
      rows: 600,
      features: [
        { feature: "logins", stability_index: 0.312, level: "strong" },
        { feature: "bytes_out", stability_index: 0.02, level: "none" },
      ],
      score_distance: 0,
      score_level: "none",
      level: "some",
    },
  };
  expect(driftedFeatures({ drift } as Model)).toEqual(["logins 0.31"]);
  expect(driftedFeatures({ drift: { level: "none", report: null } } as unknown as Model)).toEqual([]);
});
