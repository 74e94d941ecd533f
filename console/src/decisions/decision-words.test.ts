import { describe, expect, it } from "vitest";
import { decidedWords } from "./decision-words";

const by = "Anna";
const incidents = ["inc-1"];

describe("what became of a decision", () => {
  it("names the verdict and who gave it", () => {
    const body = {
      by,
      decision: "verdict",
      target: "incident",
      id: "inc-1",
      kind: "false_positive",
      reason: "a scanner",
    } as const;
    expect(decidedWords(body, { incidents })).toBe("Verdict: false positive, by Anna. Carried out.");
  });

  it("says that it waits, and where", () => {
    const body = { by, decision: "set_status", incident: "inc-1", status: "on_hold" } as const;
    expect(decidedWords(body, { incidents: [], waiting: "raw.0.4711" })).toBe(
      "Status: on hold, by Anna. Waiting: recorded as raw.0.4711, carried out after the events before it.",
    );
  });
});
