import { describe, expect, it } from "vitest";
import {
  initialStream,
  joinPoints,
  patchPages,
  pending_max,
  points_max,
  reduceStream,
  type StreamState,
  unseen,
} from "./stream-state";
import type { HistoryPoint, IncidentChange, IncidentPage, IncidentSummary, Pipeline } from "./types";

const change = (id: string, version: number, more: Partial<IncidentChange> = {}): IncidentChange => ({
  id,
  version,
  title: `Title ${version}`,
  headline: "Headline",
  status: "new",
  severity: "high",
  risk: { score: 0.5, low: 0.4, high: 0.6 },
  updated: "2026-03-04T01:10:00Z",
  ...more,
});

const summary = (id: string, version: number): IncidentSummary => ({
  ...change(id, version),
  entities: [],
  techniques: [],
  tactics: [],
  first: "2026-03-04T01:10:00Z",
  last: "2026-03-04T01:10:00Z",
  created: "2026-03-04T01:10:00Z",
  signals: 1,
  events: 1,
});

const pipeline = { events_per_second: 5, bytes_per_second: 6, lag_records: 7 } as Pipeline;

const incident = (state: StreamState, id: string, delta: IncidentChange) =>
  reduceStream(state, { kind: "incidents", id, deltas: [delta] });

describe("reduceStream", () => {
  it("remembers the last id, and not the absent one", () => {
    const state = incident(initialStream, "7", change("inc-a", 1));
    expect(state.last_event_id).toBe("7");
    expect(incident(state, "", change("inc-b", 1)).last_event_id).toBe("7");
  });

  it("counts an incident once, with its newest version", () => {
    const twice = incident(incident(initialStream, "1", change("inc-a", 3)), "2", change("inc-a", 4));
    expect([...twice.pending.values()].map((each) => each.version)).toEqual([4]);
    // A resume may send again what was seen.
    const late = incident(twice, "3", change("inc-a", 2));
    expect(late.pending.get("inc-a")?.version).toBe(4);
  });

  it("keeps what is pending across a lost connection and lets go when the list is loaded", () => {
    const lost = reduceStream(incident(initialStream, "1", change("inc-a", 1)), {
      kind: "lost",
      retry_at: 9,
    });
    expect(lost).toMatchObject({ connection: "lost", retry_at: 9 });
    const open = reduceStream(lost, { kind: "opened" });
    expect(open).toMatchObject({ connection: "open", retry_at: null });
    expect(open.pending.size).toBe(1);
    const gap = reduceStream(open, { kind: "gap", id: "5" });
    expect(gap.missed).toBe(true);
    expect(reduceStream(gap, { kind: "list_loaded" })).toMatchObject({ missed: false, last_event_id: "5" });
  });

  it("holds bounded memory however long it runs (law LIMIT)", () => {
    const deltas = Array.from({ length: pending_max + 10 }, (_, index) => change(`inc-${index}`, 1));
    let state = reduceStream(initialStream, { kind: "incidents", id: "1", deltas });
    expect(state.pending.size).toBe(pending_max);
    expect(state.pending.has("inc-0")).toBe(false);
    expect(state.pending.has(`inc-${pending_max + 9}`)).toBe(true);
    for (let index = 0; index < points_max + 5; index += 1) {
      state = reduceStream(state, { kind: "status", id: "x", pipeline, time: "2026-03-04T01:10:00Z" });
    }
    expect(state.points).toHaveLength(points_max);
  });
});

describe("patchPages", () => {
  const page: IncidentPage = { items: [summary("inc-a", 1), summary("inc-b", 5)], next: null, total: 2 };
  const data = { pages: [page], pageParams: [null] };

  it("rewrites the row where it stands and keeps what the stream does not say", () => {
    const [patched] = patchPages(data, [change("inc-b", 6, { severity: "critical" })]).pages;
    expect(patched?.items.map((item) => item.id)).toEqual(["inc-a", "inc-b"]);
    expect(patched?.items[1]).toMatchObject({ severity: "critical", version: 6, status: "new" });
  });

  it("is the very same object when nothing is newer, so that nothing renders", () => {
    expect(patchPages(data, [change("inc-b", 5)])).toBe(data);
    expect(patchPages(data, [change("inc-c", 1)])).toBe(data);
  });
});

describe("unseen", () => {
  const pending = new Map(
    [
      change("inc-a", 1, { severity: "low", title: "Port scan", status: "on_hold" }),
      change("inc-b", 1, { severity: "critical", title: "Brute force" }),
      change("inc-c", 1, { severity: "high", headline: "brute strength" }),
    ].map((each) => [each.id, each]),
  );
  const ids = (...given: Parameters<typeof unseen>) => unseen(...given).map((each) => each.id);

  it("counts only what the loaded list lacks", () => {
    expect(ids(pending, new Set(["inc-a"]), {})).toEqual(["inc-b", "inc-c"]);
  });

  it("respects the filters: a floor of severity, words without case", () => {
    expect(ids(pending, new Set(), { severity: "high" })).toEqual(["inc-b", "inc-c"]);
    expect(ids(pending, new Set(), { q: "BRUTE" })).toEqual(["inc-b", "inc-c"]);
  });

  it("respects the status: what somebody closed elsewhere is not new here", () => {
    expect(ids(pending, new Set(), { status: "on_hold" })).toEqual(["inc-a"]);
  });
});

describe("joinPoints", () => {
  const point = (second: number): HistoryPoint => ({
    time: `2026-03-04T01:10:0${second}Z`,
    events_per_second: second,
    bytes_per_second: 0,
    lag_records: 0,
  });

  it("does not draw a moment twice", () => {
    const joined = joinPoints([point(1), point(3)], [point(2), point(3), point(4)]);
    expect(joined.map((each) => each.events_per_second)).toEqual([1, 3, 4]);
  });

  it("lives without history", () => {
    expect(joinPoints([], [point(2)])).toEqual([point(2)]);
  });
});
