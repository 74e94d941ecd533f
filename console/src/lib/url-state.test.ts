import { describe, expect, it } from "vitest";
import {
  incidentView,
  parseSearch,
  queueFilters,
  rulesView,
  searchView,
  stringifySearch,
  triageView,
} from "./url-state";

describe("the address bar", () => {
  it("gives back what it was given", () => {
    const filters = { status: "in_progress", severity: "high", q: "root & “quotes” = 100 %" };
    expect(queueFilters(parseSearch(stringifySearch(filters)))).toEqual(filters);
  });

  it("carries a whole query, pipes, quotes and line ends included", () => {
    const view = { q: 'linux\n| where user == "root"', event: "raw.0.17" };
    expect(searchView(parseSearch(stringifySearch(view)))).toEqual(view);
  });

  it("keeps a query that looks like a number or like JSON a text", () => {
    expect(searchView(parseSearch("?q=42"))).toEqual({ q: "42" });
    expect(searchView(parseSearch('?q={"a":1}'))).toEqual({ q: '{"a":1}' });
  });

  it("drops what it does not know instead of failing", () => {
    expect(queueFilters({ status: "burning", severity: "extreme", q: "  ", other: "x" })).toEqual({});
    expect(incidentView({ sentence: "-1", signal: "" })).toEqual({});
    expect(incidentView({ sentence: "two" })).toEqual({});
  });

  it("has one address for one view: absent and empty are the same", () => {
    expect(stringifySearch({ q: undefined, status: "" })).toBe("");
    expect(Object.keys(queueFilters({ q: "" }))).toEqual([]);
  });

  it("reads the first sentence as a number, not as nothing", () => {
    expect(incidentView(parseSearch("?sentence=0&signal=sig-1"))).toEqual({ sentence: 0, signal: "sig-1" });
  });

  it("carries a view of the rules, and drops what no rule could have", () => {
    const view = {
      show: "coverage",
      q: "brute",
      level: "high",
      kind: "yaral",
      pack: "core@1",
      state: "disabled",
      technique: "T1110.001",
      sort: "level",
      rule: "a b/c?d",
      event: "raw.0.1",
    };
    expect(rulesView(parseSearch(stringifySearch(view)))).toEqual(view);
    expect(rulesView({ technique: "t1110" })).toEqual({ technique: "T1110" });
    expect(rulesView({ technique: "<b>", state: "odd", sort: "title", show: "all", kind: "lua" })).toEqual(
      {},
    );
  });
});

describe("the triage page's address", () => {
  it("knows a type of entities, and forgets what is none", () => {
    expect(triageView({ type: "host" })).toEqual({ type: "host" });
    expect(triageView({ type: "planet" })).toEqual({});
  });
});
