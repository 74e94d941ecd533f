import { describe, expect, it } from "vitest";
import type { RuleException, Tuning } from "@/api/rule-types";
import type { Rule } from "@/api/types";
import { filterRules, indexTuning, listRules, packsOf, sortRules, takes } from "./rule-list";

const rule = (id: string, more: Partial<Rule> = {}): Rule => ({
  id,
  title: `Title of ${id}`,
  kind: "sigma",
  level: "medium",
  tags: [],
  pack: "core@1",
  matches: 0,
  cost: { evaluations: 0, candidates: 0, hits: 0, tried_bytes: 0, time_us: 0 },
  ...more,
});

const rules = [
  rule("a", { level: "low", matches: 7, tags: ["attack.t1110.001", "attack.credential_access"] }),
  rule("b", { level: "critical", matches: 7, pack: "windows@3" }),
  rule("c", { kind: "yaral", tags: ["attack.t1110"] }),
];

const now = Date.parse("2026-03-04T00:00:00Z");
const used = { hidden: 0, first: null, last: null };
const exception = (scope: RuleException["scope"], expired = false): RuleException => ({
  id: "x",
  scope,
  condition: {},
  owner: "o",
  reason: "r",
  created: "2026-01-01T00:00:00Z",
  expires: "2027-01-01T00:00:00Z",
  expired,
  used,
});
const tuning: Tuning = {
  disabled: [
    { rule: "a", owner: "o", reason: "r", since: "2026-01-01T00:00:00Z", used },
    {
      rule: "b",
      owner: "o",
      reason: "r",
      since: "2026-01-01T00:00:00Z",
      until: "2026-03-04T00:00:00Z",
      used,
    },
    {
      rule: "c",
      owner: "o",
      reason: "r",
      since: "2026-01-01T00:00:00Z",
      until: "2026-03-05T00:00:00Z",
      used,
    },
  ],
  exceptions: [exception({ rules: ["c"] }), exception({ pack: "windows" }), exception("all", true)],
};
const index = indexTuning(tuning, now);
const ids = (listed: ReturnType<typeof listRules>) => listed.map((each) => each.rule.id);
const found = (view: Parameters<typeof filterRules>[1]) => ids(filterRules(listRules(rules), view, index));

describe("the list of rules", () => {
  it("looks for every word in title, id, pack and tags", () => {
    expect(found({ q: "TITLE windows" })).toEqual(["b"]);
    expect(found({ q: "t1110" })).toEqual(["a", "c"]);
    expect(found({ q: "nothing" })).toEqual([]);
  });

  it("takes a level as a floor and a technique as exactly that one", () => {
    expect(found({ level: "medium" })).toEqual(["b", "c"]);
    expect(found({ technique: "T1110" })).toEqual(["c"]);
    expect(found({ kind: "yaral", pack: "core@1" })).toEqual(["c"]);
  });

  it("knows what is disabled now: an end that has come enables", () => {
    expect(found({ state: "disabled" })).toEqual(["a", "c"]);
    expect(found({ state: "reporting" })).toEqual(["b"]);
  });

  it("knows exceptions by rule and by pack, without those that are over", () => {
    expect(found({ state: "excepted" })).toEqual(["b", "c"]);
    expect(indexTuning(undefined, now).isExcepted(rule("a"))).toBe(false);
  });

  it("sorts by matches, then level, then title; or by level first", () => {
    expect(ids(sortRules(listRules(rules), undefined))).toEqual(["b", "a", "c"]);
    expect(ids(sortRules(listRules(rules), "level"))).toEqual(["b", "c", "a"]);
  });

  it("sorts by cost: time, and where none was taken by the events tried", () => {
    const cost = { evaluations: 9, candidates: 0, hits: 0, tried_bytes: 0, time_us: 0 };
    const spent = [
      rule("cheap", { matches: 9, cost }),
      rule("tried", { cost: { ...cost, candidates: 7 } }),
      rule("dear", { cost: { ...cost, time_us: 1 } }),
    ];
    expect(ids(sortRules(listRules(spent), "cost"))).toEqual(["dear", "tried", "cheap"]);
  });

  it("names every pack once", () => {
    expect(packsOf(rules)).toEqual(["core@1", "windows@3"]);
  });

  it("reads a pack with and without its version", () => {
    expect(takes({ pack: "core" }, rule("a"))).toBe(true);
    expect(takes({ pack: "core@1" }, rule("a"))).toBe(true);
    expect(takes({ pack: "core@2" }, rule("a"))).toBe(false);
    expect(takes("all", rule("a"))).toBe(true);
  });
});
