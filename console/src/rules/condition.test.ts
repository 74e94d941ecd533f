import { describe, expect, it } from "vitest";
import { beginOf, dayBegin, dayIn } from "@/lib/period";
import { type ConditionRow, conditionLines, readCondition } from "./condition";
import { draftOf, emptyDraft, isSameExtent } from "./exception-draft";

const row = (field: string, how: ConditionRow["how"], values: string): ConditionRow => ({
  key: 0,
  field,
  how,
  values,
});

describe("the condition of an exception", () => {
  it("is a selection: one value as it is, several as a list", () => {
    expect(
      readCondition([row(" user ", "is", "root"), row("CommandLine", "contains", " a \n\n b, c ")]),
    ).toEqual({
      condition: { user: "root", "CommandLine|contains": ["a", "b, c"] },
    });
  });

  it("says what is missing instead of hiding everything", () => {
    expect(readCondition([]).wrong).toMatch(/hide everything/);
    expect(readCondition([row("", "is", "x")]).wrong).toBe("Name a field in every row.");
    expect(readCondition([row("user", "is", " \n ")]).wrong).toBe("Give user a value.");
    expect(readCondition([row("a|re", "is", "x")]).wrong).toMatch(/^Choose how a is compared/);
    expect(readCondition([row("a", "re", "x"), row("a", "re", "y")]).wrong).toMatch(
      /^a\|re stands in two rows/,
    );
  });

  it("takes a field's name for nothing but a name", () => {
    const { condition } = readCondition([row("__proto__", "is", "x")]);
    expect(JSON.stringify(condition)).toBe('{"__proto__":"x"}');
  });

  it("reads back as lines, alternatives apart", () => {
    expect(conditionLines([{ a: [1, null, "x"] }, { "b|re": "y" }])).toEqual([
      "a: 1, null, x",
      "or",
      "b|re: y",
    ]);
    expect(conditionLines("word")).toEqual(["word"]);
  });
});

describe("the draft of an exception", () => {
  const now = Date.parse("2026-03-04T10:00:00.250Z");
  const full = {
    ...emptyDraft(now),
    id: " scanner ",
    rows: [row("user", "is", "svc")],
    owner: "a",
    reason: "b",
  };

  it("becomes what is sent", () => {
    expect(draftOf(full, "rule-1", []).body).toEqual({
      id: "scanner",
      rules: ["rule-1"],
      condition: { user: "svc" },
      owner: "a",
      reason: "b",
      expires: "2026-06-02T00:00:00Z",
    });
  });

  it("names the first thing that is missing", () => {
    expect(draftOf({ ...full, owner: " " }, "r", []).wrong).toBe("Say who answers for it.");
    expect(draftOf({ ...full, expires: "" }, "r", []).wrong).toBe("Say when it expires.");
    expect(draftOf(full, "r", ["scanner"]).wrong).toMatch(/choose another/);
  });

  it("keeps a preview while rules and condition stay, and no longer", () => {
    const body = draftOf(full, "r", []).body;
    const owner = draftOf({ ...full, owner: "c", id: "z" }, "r", []).body;
    const wider = draftOf({ ...full, rows: [row("user", "is", "svc\nroot")] }, "r", []).body;
    if (body === undefined || owner === undefined || wider === undefined) throw new Error("not read");
    expect(isSameExtent(body, owner)).toBe(true);
    expect(isSameExtent(body, wider)).toBe(false);
    expect(isSameExtent(body, { ...body, rules: ["other"] })).toBe(false);
  });

  it("counts periods in whole seconds of UTC", () => {
    expect(beginOf("7d", now)).toBe("2026-02-25T10:00:00Z");
    expect(beginOf(undefined, now)).toBeUndefined();
    expect(dayBegin(dayIn(1, now))).toBe("2026-03-05T00:00:00Z");
  });
});
