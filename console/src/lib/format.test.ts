import { describe, expect, it } from "vitest";
import {
  byRole,
  defang,
  eventKql,
  formatAgo,
  formatBytes,
  formatCompact,
  formatDuration,
  formatRange,
  formatTime,
  humanise,
  percent,
  plural,
} from "./format";

describe("percent", () => {
  it.each([
    [0, 0],
    [0.001, 1],
    [0.5, 50],
    [0.996, 99],
    [1, 100],
  ])("%d reads %d: only certainty is 0 or 100", (probability, shown) => {
    expect(percent(probability)).toBe(shown);
  });
});

describe("durations and moments", () => {
  it.each([
    [-5, "0 s"],
    [450, "450 ms"],
    [42_000, "42 s"],
    [60_000, "1 min"],
    [3_725_000, "1 h 2 min"],
    [7_200_000, "2 h"],
    [367_200_000, "4 d 6 h"],
  ])("%d ms is %s", (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
  });

  const now = Date.parse("2026-03-04T12:00:00Z");
  it.each([
    ["2026-03-04T12:00:30Z", "now"],
    ["2026-03-04T11:59:58Z", "now"],
    ["2026-03-04T11:59:18.000001Z", "42 s ago"],
    ["2026-03-04T11:57:00Z", "3 min ago"],
    ["2026-03-03T10:00:00Z", "26 h ago"],
    ["2026-02-27T12:00:00Z", "5 d ago"],
    ["not a time", "–"],
  ])("%s is %s", (time, text) => {
    expect(formatAgo(time, now)).toBe(text);
  });

  it("keeps microseconds when asked, never rounds them", () => {
    expect(formatTime("2026-03-04T01:10:00.123456Z", true)).toBe("2026-03-04 01:10:00.123456");
    expect(formatTime("2026-03-04T01:10:00.999999Z")).toBe("2026-03-04 01:10:00");
  });

  it("leaves alone what is no moment", () => {
    expect(formatTime("yesterday")).toBe("yesterday");
  });

  it("does not repeat the date", () => {
    const first = "2026-03-04T01:10:00Z";
    expect(formatRange(first, "2026-03-04T04:39:00Z")).toBe("2026-03-04 01:10:00 – 04:39:00");
    expect(formatRange(first, "2026-03-05T04:39:00Z")).toBe("2026-03-04 01:10:00 – 2026-03-05 04:39:00");
    expect(formatRange(first, first)).toBe("2026-03-04 01:10:00");
  });
});

describe("numbers", () => {
  it("groups, shortens and counts", () => {
    expect(formatCompact(9_999)).toBe("9,999");
    expect(formatCompact(1_234_567)).toBe("1.2M");
    expect(plural(1, "signal")).toBe("1 signal");
    expect(plural(1_287, "event")).toBe("1,287 events");
  });

  it.each([
    [0, "0 B"],
    [1_023, "1023 B"],
    [1_536, "1.5 KiB"],
    [182_334_120, "174 MiB"],
  ])("%d bytes are %s", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});

describe("texts", () => {
  it("defangs both kinds of addresses", () => {
    expect(defang("203.0.113.9")).toBe("203[.]0[.]113[.]9");
    expect(defang("2001:db8::1")).toBe("2001[:]db8[:][:]1");
  });

  it("writes the query that gives an event back", () => {
    expect(eventKql("raw.0.17")).toBe('event("raw.0.17")');
  });

  it("turns names into words", () => {
    expect(humanise("credential-access")).toBe("Credential access");
    expect(humanise("in_progress")).toBe("In progress");
  });

  it("puts where it came from before what saw it, without touching the original", () => {
    const host = { type: "host", role: "observer", value: "a" } as const;
    const ip = { type: "ip", role: "source", value: "203.0.113.9" } as const;
    const given = [host, ip];
    expect(byRole(given)).toEqual([ip, host]);
    expect(given).toEqual([host, ip]);
  });
});
