import { describe, expect, it } from "vitest";
import type { Edit, IncidentRevision } from "@/api/types";
import { editWords, historyEntries } from "./edit-words";

const at = (minute: number) => `2026-03-04T01:0${minute}:00.000000Z`;

const cases: { edit: Edit; said: ReturnType<typeof editWords> }[] = [
  {
    edit: {
      at: at(0),
      what: "absorbed",
      from: "inc-2",
      over: { reason: "indicator", value: "bad.example" },
    },
    said: { words: "inc-2 became part of it", more: "both share the indicator bad.example" },
  },
  {
    edit: { at: at(0), by: "Anna", what: "absorbed", from: "inc-2" },
    said: { words: "inc-2 became part of it" },
  },
  {
    edit: { at: at(0), by: "Anna", what: "merged_into", into: "inc-3" },
    said: { words: "Became part of", incident: "inc-3" },
  },
  {
    edit: { at: at(0), by: "Anna", what: "taken_out", into: "inc-3", signals: ["a"] },
    said: { words: "1 signal moved to", incident: "inc-3" },
  },
  {
    edit: { at: at(0), by: "Anna", what: "brought_in", from: "inc-3", signals: ["a", "b"] },
    said: { words: "2 signals moved here from", incident: "inc-3" },
  },
  {
    edit: { at: at(0), by: "Anna", what: "retitled", title: "Break-in" },
    said: { words: "Titled “Break-in”" },
  },
  {
    edit: { at: at(0), by: "Anna", what: "status_set", status: "in_progress" },
    said: { words: "Status set to in progress" },
  },
];

describe("edits", () => {
  it.each(cases)("$said.words", ({ edit, said }) => {
    expect(editWords(edit)).toEqual(said);
  });

  it("stand among the versions, the newest first", () => {
    const version = (number: number, minute: number): IncidentRevision => ({
      version: number,
      updated: at(minute),
      title: "Break-in",
      risk: { score: 0.5, low: 0.4, high: 0.6 },
      signals: 1,
    });
    const edit: Edit = { at: at(3), by: "Anna", what: "retitled", title: "Break-in" };
    const entries = historyEntries([version(1, 1), version(2, 3), version(3, 4)], [edit]);
    expect(entries.map((entry) => entry.key)).toEqual(["version 3", "version 2", "edit 0", "version 1"]);
  });
});
