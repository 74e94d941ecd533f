import { describe, expect, it } from "vitest";
import { decidedOf } from "./decision-words";

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
    expect(decidedOf(body, { incidents })).toEqual({
      words: "Verdict: false positive, by Anna. Carried out.",
      isWaiting: false,
    });
  });

  it("says that it waits, and where", () => {
    const body = { by, decision: "set_status", incident: "inc-1", status: "on_hold" } as const;
    expect(decidedOf(body, { incidents: [], waiting: "raw.0.4711" })).toEqual({
      words:
        "Status: on hold, by Anna. Waiting: recorded as raw.0.4711, carried out after the events before it.",
      isWaiting: true,
    });
  });

  it("leads to the incident that came of a split, or that signals went to", () => {
    const split = { by, decision: "split", from: "inc-1", signals: ["sig-1", "sig-2"] } as const;
    expect(decidedOf({ ...split, signals: [...split.signals] }, { incidents, made: "inc-9" })).toEqual({
      words: "Split off: 2 signals, by Anna. Carried out:",
      incident: "inc-9",
      isWaiting: false,
    });
    const move = { by, decision: "move", from: "inc-1", into: "inc-2", signals: ["sig-1"] } as const;
    expect(decidedOf({ ...move, signals: ["sig-1"] }, { incidents }).incident).toBe("inc-2");
    expect(
      decidedOf({ ...move, signals: ["sig-1"] }, { incidents: [], waiting: "raw.0.7" }).incident,
    ).toBeUndefined();
  });
});
