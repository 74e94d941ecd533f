import { describe, expect, it } from "vitest";
import type { JoinReason } from "@/api/types";
import { joinText, sharedThing } from "./join-text";

const address: JoinReason = { reason: "shared_entity", entity_type: "ip", value: "203.0.113.9" };

const cases: { reason: JoinReason; text: string }[] = [
  { reason: { reason: "opened" }, text: "Opened the incident" },
  { reason: address, text: "Joined because it shares ip 203.0.113.9" },
  {
    reason: { reason: "process_tree", host: "gate-01", process: "/usr/bin/sh" },
    text: "Joined because it shares the process tree of /usr/bin/sh on gate-01",
  },
  {
    reason: { reason: "indicator", value: "bad.example" },
    text: "Joined because it shares the indicator bad.example",
  },
  {
    reason: { reason: "file_hash", value: "9f86d081" },
    text: "Joined because it shares the file with the hash 9f86d081",
  },
  { reason: { reason: "merged", from: "inc-2" }, text: "Came with inc-2, merged by the platform" },
  {
    reason: { reason: "merged", from: "inc-2", by: "Anna", was: { reason: "opened" } },
    text: "Came with inc-2, merged by Anna; there it opened the incident",
  },
  {
    reason: { reason: "moved", from: "inc-3", by: "Anna", was: null },
    text: "Was moved here from inc-3 by Anna",
  },
  {
    reason: {
      reason: "moved",
      from: "inc-3",
      by: "Anna",
      was: { reason: "merged", from: "inc-2", by: null, was: address },
    },
    text: "Was moved here from inc-3 by Anna; there it came with inc-2, merged by the platform; there it joined because it shares ip 203.0.113.9",
  },
];

describe("why a signal is here", () => {
  it.each(cases)("$text", ({ reason, text }) => {
    expect(joinText({ signal: "a", ...reason })).toBe(text);
  });

  it("is not known for a signal without a join", () => {
    expect(joinText(undefined)).toBe("–");
  });

  it("names what is shared only where that is what connects", () => {
    expect(sharedThing(address)).toBe("ip 203.0.113.9");
    expect(sharedThing({ reason: "opened" })).toBeUndefined();
    expect(sharedThing({ reason: "merged", from: "inc-2" })).toBeUndefined();
  });
});
