import type { DecisionAnswer, DecisionBody, VerdictKind } from "@/api/types";
import { humanise } from "@/lib/format";

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

/** What became of a decision. */
export function decidedWords(body: DecisionBody, answer: DecisionAnswer): string {
  const done = `${decisionWords(body)}, by ${body.by}.`;
  if (!answer.waiting) return `${done} Carried out.`;
  return `${done} Waiting: recorded as ${answer.waiting}, carried out after the events before it.`;
}

function decisionWords(body: DecisionBody): string {
  switch (body.decision) {
    case "verdict":
      return `Verdict: ${humanise(body.kind).toLowerCase()}`;
    case "set_status":
      return `Status: ${humanise(body.status).toLowerCase()}`;
    default:
      return humanise(body.decision);
  }
}
