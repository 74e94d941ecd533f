import type { IncidentSummary } from "@/api/types";

/** What is shown of an incident that may be chosen. */
export type Candidate = Pick<IncidentSummary, "id" | "title" | "severity" | "risk" | "updated">;

const id_form = /\binc-[0-9a-f]{16}\b/;

/** The id in what was typed or pasted: the id itself, or an address with it. */
export const incidentIdIn = (text: string): string | undefined => id_form.exec(text.toLowerCase())?.[0];

export const othersThan = (id: string, candidates: readonly Candidate[]) =>
  candidates.filter((candidate) => candidate.id !== id);
