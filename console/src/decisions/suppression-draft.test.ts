import { describe, expect, it } from "vitest";
import type { EntityRef, Signal } from "@/api/types";
import { draftFor, matchOf, missingIn, techniqueChoices } from "./suppression-draft";

const now = Date.parse("2026-03-04T10:00:00Z");
const host: EntityRef = { type: "host", role: "target", value: "web-1" };
const address: EntityRef = { type: "ip", role: "source", value: "203.0.113.9" };
const signal = { entities: [host, address] } as Signal;
const begun = draftFor(signal, now);
const complete = { ...begun, reason: "a scan week" };

describe("what a suppression would be about", () => {
  it("begins with the rule and where it came from", () => {
    expect(matchOf(begun, "rule-1")).toEqual({ rule: "rule-1", entities: [address] });
    expect(begun.expires).toBe("2026-04-03");
  });

  it("is never everything: a severity alone is nothing", () => {
    const loose = { ...complete, isRule: false, entities: [], severity_max: "low" } as const;
    expect(matchOf({ ...loose, entities: [] }, "rule-1")).toBeUndefined();
    expect(missingIn({ ...loose, entities: [] }, now)).toBe("Choose the rule, a technique or an entity.");
  });

  it("says of roles only what is about entities", () => {
    const all = { ...complete, technique: "T1110", severity_max: "high", isAnyRole: true } as const;
    expect(matchOf({ ...all, entities: [host] }, "rule-1")).toEqual({
      rule: "rule-1",
      technique: "T1110",
      entities: [host],
      any_role: true,
      severity_max: "high",
    });
    expect(matchOf({ ...all, entities: [] }, "rule-1")).not.toHaveProperty("any_role");
  });
});

describe("what is missing", () => {
  it("is a reason, and an end within a year and a day", () => {
    expect(missingIn(begun, now)).toBe("Say why.");
    expect(missingIn(complete, now)).toBeUndefined();
    expect(missingIn({ ...complete, expires: "" }, now)).toBe("Say when it ends.");
    expect(missingIn({ ...complete, expires: "2026-03-04" }, now)).toBe("It ends on a day to come.");
    expect(missingIn({ ...complete, expires: "2027-03-04" }, now)).toBeUndefined();
    expect(missingIn({ ...complete, expires: "2027-03-06" }, now)).toBe("It lasts at most 366 days.");
  });
});

it("offers a technique with what is below it, once", () => {
  expect(techniqueChoices(["T1110.001", "T1110.003", "T1078"])).toEqual([
    "T1110.001",
    "T1110",
    "T1110.003",
    "T1078",
  ]);
});
