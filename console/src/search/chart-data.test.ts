import { describe, expect, it } from "vitest";
import { bars_max, barsOf, lines_max, linesOf } from "./chart-data";

const time = { name: "time", type: "datetime" };
const host = { name: "host", type: "string" };
const failed = { name: "failed", type: "long" };

describe("linesOf", () => {
  it("draws a line for each text, with gaps where it has no row", () => {
    const rows = [
      ["1970-01-01T00:00:10Z", "b", 5],
      ["1970-01-01T00:00:00Z", "a", 1],
      ["1970-01-01T00:00:10Z", "a", "2"],
    ];
    expect(linesOf({ columns: [time, host, failed], rows })).toEqual({
      times: [0, 10],
      lines: [
        { name: "b", values: [null, 5] },
        { name: "a", values: [1, 2] },
      ],
      left_out: 0,
    });
  });

  it("keeps the greatest of too many, and says how many it left out", () => {
    const rows = Array.from({ length: lines_max + 3 }, (_, line) => [
      "1970-01-01T00:00:00Z",
      `h${line}`,
      line,
    ]);
    const lines = linesOf({ columns: [time, host, failed], rows });
    expect(lines?.left_out).toBe(3);
    expect(lines?.lines[0]?.name).toBe(`h${lines_max + 2}`);
  });

  it("draws nothing without a time or a number", () => {
    expect(linesOf({ columns: [host, failed], rows: [["a", 1]] })).toBeNull();
    expect(linesOf({ columns: [time, host], rows: [] })).toBeNull();
  });

  it("leaves a row out whose time is none", () => {
    expect(linesOf({ columns: [time, failed], rows: [[null, 1]] })).toMatchObject({ times: [], lines: [] });
  });
});

describe("barsOf", () => {
  it("names a bar by all that is no number", () => {
    const columns = [host, { name: "user", type: "string" }, failed];
    expect(barsOf({ columns, rows: [["a", "", 3]] })?.bars).toEqual([{ name: "a, (empty)", value: 3 }]);
  });

  it("leaves out what is too many", () => {
    const rows = Array.from({ length: bars_max + 1 }, (_, row) => [`h${row}`, row]);
    expect(barsOf({ columns: [host, failed], rows })?.left_out).toBe(1);
  });
});
