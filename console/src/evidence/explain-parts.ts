import type { ExplainedPart } from "@/api/rule-types";

/** So many parts that do not decide are shown all the same. */
const undecided_shown_max = 2;

/** The parts that decide about the whole, and those that are folded away because they do not. */
export function splitParts(part: ExplainedPart): { shown: ExplainedPart[]; folded: ExplainedPart[] } {
  const parts = part.parts ?? [];
  const isDecided = (each: ExplainedPart) => each.matched === part.matched;
  // `not` turns its part around: what it says is what decides.
  if (part.kind === "not" || part.kind === "selection") return { shown: parts, folded: [] };
  const folded = parts.filter((each) => !isDecided(each));
  if (folded.length <= undecided_shown_max || folded.length === parts.length) {
    return { shown: parts, folded: [] };
  }
  return { shown: parts.filter(isDecided), folded };
}

/** What a joining part asks of the parts below it. */
export function headingOf(part: ExplainedPart): string {
  switch (part.kind) {
    case "all":
      return "All of these";
    case "any":
      return "Any of these";
    case "not":
      return "Not this";
    case "of":
      return part.words ?? `${part.needed ?? 1} of these`;
    case "selection":
      return part.name ?? "selection";
    case "test":
      return part.test ?? part.field ?? "keywords";
  }
}

/** `a, b and 118 more`: the server sends some of the values and their number. */
export function restOf(shown: readonly string[] | undefined, total: number | undefined): number {
  return Math.max(0, (total ?? 0) - (shown?.length ?? 0));
}
