import { describe, expect, it } from "vitest";
import { cellText, columnWidths, rowEvent, withoutEmpty } from "./cells";
import { placeOf } from "./query-place";

describe("placeOf", () => {
  it("puts the mark under the place", () => {
    expect(placeOf("linux | wher x", 8)).toEqual({
      line: 1,
      column: 9,
      line_text: "linux | wher x",
      marker: "        ^",
    });
  });

  it("counts characters where the server counts bytes", () => {
    const text = 'linux | where user == "jürgen" wher';
    const byteOffset = new TextEncoder().encode(text.slice(0, text.lastIndexOf("wher"))).length;
    const place = placeOf(text, byteOffset);
    expect(place.column).toBe(text.lastIndexOf("wher") + 1);
    expect(place.marker.length).toBe(place.column);
  });

  it("finds the line, and survives a place at or behind the end", () => {
    expect(placeOf("linux\n| wher", 8)).toMatchObject({ line: 2, column: 3, line_text: "| wher" });
    expect(placeOf("linux |", 7)).toMatchObject({ line: 1, column: 8 });
    expect(placeOf("", 99)).toMatchObject({ line: 1, column: 1, line_text: "" });
  });
});

describe("cells", () => {
  const columns = [
    { name: "id", type: "text" },
    { name: "message", type: "text" },
  ];

  it("shows every kind of value as text", () => {
    expect(cellText(null)).toBe("");
    expect(cellText(0)).toBe("0");
    expect(cellText({ a: [1] })).toBe('{"a":[1]}');
    expect(cellText("2026-03-04T01:10:00.5Z", "datetime")).toBe("2026-03-04 01:10:00.5");
    expect(cellText("2026-03-04T01:10:00.5Z", "string")).toBe("2026-03-04T01:10:00.5Z");
  });

  it("bounds the width of a column at both ends", () => {
    const [narrow = 0, wide = 0] = columnWidths({ columns, rows: [["x", "y".repeat(10_000)]] });
    expect(narrow).toBeGreaterThanOrEqual(72);
    expect(wide).toBeLessThanOrEqual(560);
  });

  it("hides columns that nobody fills, but not a zero and not the only answer", () => {
    const answer = {
      query_id: "q-1",
      understood: "events",
      route: {
        intent: "exact",
        engine: "embedded",
        confidence: 1,
        reason: "",
        rules: [],
        form: "kql",
        router_version: 1,
      },
      status_detail: { segments_read: 1, segments_total: 1, why: "" },
      status: "complete" as const,
      columns: ["id", "dst_ip", "count"].map((name) => ({ name, type: "string" })),
      rows: [
        ["raw.0.1", null, 0],
        ["raw.0.2", "", 0],
      ],
      elapsed_ms: 1,
    };
    const { shown, empty } = withoutEmpty(answer);
    expect(empty).toEqual(["dst_ip"]);
    expect(shown.columns.map((column) => column.name)).toEqual(["id", "count"]);
    expect(shown.rows).toEqual([
      ["raw.0.1", 0],
      ["raw.0.2", 0],
    ]);
    const none = { ...answer, rows: [] };
    expect(withoutEmpty(none)).toEqual({ shown: none, empty: [] });
  });

  it("opens only rows that name an event", () => {
    expect(rowEvent({ columns }, ["raw.0.17", "x"])).toBe("raw.0.17");
    expect(rowEvent({ columns }, ["root", "x"])).toBeUndefined();
    expect(rowEvent({ columns: [{ name: "count", type: "long" }] }, [3])).toBeUndefined();
  });
});
