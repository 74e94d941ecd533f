import { describe, expect, it } from "vitest";
import type { ExplainedPart } from "@/api/rule-types";
import { headingOf, restOf, splitParts } from "./explain-parts";

const test = (matched: boolean): ExplainedPart => ({ matched, kind: "test", field: "a", test: "a|re" });
const many = (count: number, matched: boolean) => Array.from({ length: count }, () => test(matched));

describe("the parts of an explanation", () => {
  it("folds away those that do not decide, when there are many", () => {
    const any: ExplainedPart = { matched: true, kind: "any", parts: [...many(40, false), test(true)] };
    expect(splitParts(any).shown).toEqual([test(true)]);
    expect(splitParts(any).folded).toHaveLength(40);
    const all: ExplainedPart = { matched: false, kind: "all", parts: [...many(3, true), test(false)] };
    expect(splitParts(all).shown).toEqual([test(false)]);
  });

  it("shows a few that do not decide as they are", () => {
    const any: ExplainedPart = { matched: true, kind: "any", parts: [...many(2, false), test(true)] };
    expect(splitParts(any)).toEqual({ shown: any.parts, folded: [] });
  });

  it("never folds everything, nor what a `not` turns around", () => {
    const of: ExplainedPart = { matched: false, kind: "of", needed: 9, parts: many(8, true) };
    expect(splitParts(of).shown).toHaveLength(8);
    const not: ExplainedPart = { matched: true, kind: "not", parts: [test(false)] };
    expect(splitParts(not).shown).toHaveLength(1);
    expect(splitParts(test(true))).toEqual({ shown: [], folded: [] });
  });

  it("names each kind, also when the server names none", () => {
    expect(headingOf({ matched: true, kind: "of", words: "1 of sel_*" })).toBe("1 of sel_*");
    expect(headingOf({ matched: true, kind: "of", needed: 2 })).toBe("2 of these");
    expect(headingOf(test(true))).toBe("a|re");
    expect(headingOf({ matched: true, kind: "test", field: null })).toBe("keywords");
  });

  it("counts the values that were not sent", () => {
    expect(restOf(["a", "b"], 120)).toBe(118);
    expect(restOf(undefined, undefined)).toBe(0);
  });
});
