import { describe, expect, it } from "vitest";
import type { Signal } from "@/api/types";
import { numberRanges, numberSignals } from "./signal-numbers";
import { lanesOf, spanOfSignals, timeTicks } from "./timeline-lanes";

function signal(id: string, first: string, last = first, tactic = "execution"): Signal {
  return {
    id,
    tenant: "default",
    rule: { id, title: `Rule ${id}`, kind: "sigma", level: "high", tags: [], pack: "core@1" },
    severity: "high",
    probability: { score: 0.5, low: 0.4, high: 0.6 },
    first,
    last,
    count: 1,
    folded: 0,
    events: [],
    events_total: 0,
    entities: [],
    facts: [],
    techniques: [],
    tactics: [tactic],
  };
}

const clock = (time: string) => `2026-03-04T${time}:00Z`;
const numbered = (...signals: Signal[]) => numberSignals({ signals, joins: [] });

describe("numbering", () => {
  it("follows the order of the evidence, ties by id, whatever order the server has", () => {
    const items = numbered(
      signal("c", clock("03:00")),
      signal("b", clock("01:00")),
      signal("a", clock("01:00")),
    );
    expect(items.map((item) => [item.number, item.signal.id])).toEqual([
      [1, "a"],
      [2, "b"],
      [3, "c"],
    ]);
  });

  it("writes runs short", () => {
    expect(numberRanges([5, 1, 2, 3, 3])).toBe("1–3, 5");
    expect(numberRanges([])).toBe("");
  });
});

describe("the timeline", () => {
  it("keeps every signal in exactly one bar, also when there are far too many", () => {
    const many = Array.from({ length: 500 }, (_, index) =>
      signal(`s${index}`, clock("01:00"), clock("02:00"), `tactic-${index % 30}`),
    );
    for (const kind of ["tactic", "rule"] as const) {
      const items = lanesOf(numbered(...many), kind).flatMap((lane) =>
        lane.marks.flatMap((mark) => mark.items),
      );
      expect(new Set(items.map((item) => item.signal.id)).size).toBe(500);
      expect(items).toHaveLength(500);
    }
  });

  it("never draws one bar over another in the same row", () => {
    const items = numbered(
      signal("a", clock("01:00"), clock("04:00")),
      signal("b", clock("02:00"), clock("03:00")),
      signal("c", clock("05:00")),
    );
    const [lane] = lanesOf(items, "tactic");
    const marks = lane?.marks ?? [];
    expect(marks).toHaveLength(3);
    for (const mark of marks) {
      const others = marks.filter((other) => other !== mark && other.row === mark.row);
      expect(others.every((other) => other.left >= mark.right || other.right <= mark.left)).toBe(true);
    }
  });

  it("gives a single moment room", () => {
    const span = spanOfSignals(numbered(signal("a", clock("01:00"))));
    expect(span.to - span.from).toBe(60_000);
  });

  it("ticks at round moments and names the day where it begins", () => {
    const from = Date.parse("2026-03-04T22:10:00Z");
    const ticks = timeTicks({ from, to: from + 4 * 3_600_000 }, 7);
    expect(ticks.map((tick) => tick.label)).toEqual(["23:00", "03-05", "01:00", "02:00"]);
    expect(ticks.every((tick) => tick.at >= 0 && tick.at <= 1)).toBe(true);
  });
});
