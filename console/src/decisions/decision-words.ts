import type { DecisionAnswer, DecisionBody, VerdictKind } from "@/api/types";
import { humanise, plural } from "@/lib/format";

export const verdictKinds: readonly { value: VerdictKind; label: string; note: string }[] = [
  {
    value: "true_positive",
    label: "True positive",
    note: "It was what the finding says, and it was malicious.",
  },
  {
    value: "benign",
    label: "Benign",
    note: "The finding is right, and what happened was allowed: a test, maintenance.",
  },
  { value: "false_positive", label: "False positive", note: "It was not what the finding says." },
];

/** What became of a decision: words, and the incident that came into being or took the others in. */
export interface Decided {
  words: string;
  incident?: string;
  isWaiting: boolean;
}

export function decidedOf(body: DecisionBody, answer: DecisionAnswer): Decided {
  const done = `${decisionWords(body)}, by ${body.by}.`;
  if (answer.waiting) {
    const words = `${done} Waiting: recorded as ${answer.waiting}, carried out after the events before it.`;
    return { words, isWaiting: true };
  }
  const incident = body.decision === "move" ? body.into : body.decision === "split" ? answer.made : undefined;
  const words = `${done} Carried out${incident ? ":" : "."}`;
  return incident ? { words, incident, isWaiting: false } : { words, isWaiting: false };
}

function decisionWords(body: DecisionBody): string {
  switch (body.decision) {
    case "verdict":
      return `Verdict: ${humanise(body.kind).toLowerCase()}`;
    case "set_status":
      return `Status: ${humanise(body.status).toLowerCase()}`;
    case "merge":
      return `Merged: ${body.from.join(", ")} into ${body.into}`;
    case "split":
      return `Split off: ${plural(body.signals.length, "signal")}`;
    case "move":
      return `Moved: ${plural(body.signals.length, "signal")}`;
    case "retitle":
      return `Title: “${body.title}”`;
    case "suppress":
      return `Suppressed until ${body.expires.slice(0, 10)}`;
    case "unsuppress":
      return "Suppression ended";
    case "roll_back_model":
      return "Rolled back to the model before";
    case "activate_model":
      return body.version === undefined ? "Activated" : `Activated ${body.version}`;
    case "discard_shadow":
      return "Shadow discarded";
  }
}
