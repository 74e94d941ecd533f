import type { ExceptionBody } from "@/api/rule-types";
import { dayBegin, dayIn } from "@/lib/period";
import { type ConditionRow, readCondition } from "./condition";

/** The form as it is typed. */
export interface ExceptionDraft {
  id: string;
  rows: ConditionRow[];
  owner: string;
  reason: string;
  /** A day, or nothing. */
  expires: string;
}

const days_usual = 90;

export const emptyDraft = (now: number): ExceptionDraft => ({
  id: "",
  rows: [{ key: 0, field: "", how: "is", values: "" }],
  owner: "",
  reason: "",
  expires: dayIn(days_usual, now),
});

export type DraftReading = { body: ExceptionBody; wrong?: never } | { body?: never; wrong: string };

/** What would be sent, or the first thing that is missing. */
export function draftOf(draft: ExceptionDraft, rule: string, taken: readonly string[]): DraftReading {
  const { condition, wrong } = readCondition(draft.rows);
  if (condition === undefined) return { wrong };
  const id = draft.id.trim();
  const owner = draft.owner.trim();
  const reason = draft.reason.trim();
  if (id === "") return { wrong: "Give the exception a name." };
  if (taken.includes(id)) return { wrong: `There is an exception with the name ${id}: choose another.` };
  if (draft.expires === "") return { wrong: "Say when it expires." };
  if (owner === "") return { wrong: "Say who answers for it." };
  if (reason === "") return { wrong: "Say why." };
  return { body: { id, rules: [rule], condition, owner, reason, expires: dayBegin(draft.expires) } };
}

/** Whether both hide the same: a preview of one then holds for the other. */
export const isSameExtent = (a: ExceptionBody, b: ExceptionBody) => extentOf(a) === extentOf(b);

const extentOf = ({ rules, condition }: ExceptionBody) => JSON.stringify([rules, condition]);
