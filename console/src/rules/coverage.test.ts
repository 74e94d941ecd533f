import { describe, expect, it } from "vitest";
import type { Coverage, TechniqueCoverage } from "@/api/rule-types";
import { coverageColumns } from "./coverage";

const technique = (more: Partial<TechniqueCoverage>): TechniqueCoverage => ({
  rules: 1,
  disabled: 0,
  by_level: {},
  rule_ids: [],
  ...more,
});

const coverage: Coverage = {
  rules: 4,
  disabled: 1,
  techniques: {
    T1059: technique({ rules: 2, by_level: { low: 1, high: 1 }, rule_ids: ["a", "b"] }),
    T1053: technique({ rules: 2, disabled: 1, by_level: { medium: 2 }, rule_ids: ["a", "c"] }),
    T1027: technique({ rule_ids: ["d"] }),
    T1041: technique({ rule_ids: ["d"] }),
    T1485: technique({ rules: 0, disabled: 1 }),
  },
  tactics: [{ tactic: "execution", rules: 3, techniques: { T1053: 1, T1059: 2 } }],
  only_disabled: ["T1485"],
  navigator: {},
};

describe("the columns of the coverage", () => {
  it("have the techniques of a tactic, the most rules first", () => {
    expect(coverageColumns(coverage)[0]).toEqual({
      tactic: "execution",
      rules: 3,
      techniques: [
        { id: "T1059", rules: 2, disabled: 0, worst: "high" },
        { id: "T1053", rules: 1, disabled: 1, worst: "medium" },
      ],
    });
  });

  it("end with what no tactic names, each rule counted once, without what is only disabled", () => {
    const [, rest] = coverageColumns(coverage);
    expect(rest?.tactic).toBeUndefined();
    expect(rest?.rules).toBe(1);
    expect(rest?.techniques.map(({ id }) => id)).toEqual(["T1027", "T1041"]);
  });

  it("are none where no rule names a technique", () => {
    expect(coverageColumns({ ...coverage, techniques: {}, tactics: [] })).toEqual([]);
  });
});
