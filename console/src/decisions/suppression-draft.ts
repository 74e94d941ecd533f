import type { EntityRef, Severity, Signal, SuppressionMatch } from "@/api/types";
import { byRole } from "@/lib/format";
import { dayBegin, dayIn } from "@/lib/period";
import { severities } from "@/lib/severity";

/** The form as it stands. */
export interface SuppressionDraft {
  isRule: boolean;
  technique: string;
  entities: EntityRef[];
  isAnyRole: boolean;
  /** Any where absent. */
  severity_max: Severity | "";
  /** A day, or nothing. */
  expires: string;
  reason: string;
}

const days_usual = 30;
/** What the server takes at most. */
const days_max = 366;

/** This rule about whom it is about first: narrow enough to be read, wide enough to be of use. */
export const draftFor = (signal: Signal, now: number): SuppressionDraft => ({
  isRule: true,
  technique: "",
  entities: byRole(signal.entities).slice(0, 1),
  isAnyRole: false,
  severity_max: "",
  expires: dayIn(days_usual, now),
  reason: "",
});

export const lastDay = (now: number) => dayIn(days_max - 1, now);

/** What it would be about; absent while it would be about everything. */
export function matchOf(draft: SuppressionDraft, rule: string): SuppressionMatch | undefined {
  const { isRule, technique, entities, isAnyRole, severity_max } = draft;
  if (!isRule && technique === "" && entities.length === 0) return undefined;
  return {
    ...(isRule ? { rule } : {}),
    ...(technique === "" ? {} : { technique }),
    ...(entities.length === 0 ? {} : { entities }),
    ...(entities.length > 0 && isAnyRole ? { any_role: true } : {}),
    ...(severity_max === "" ? {} : { severity_max }),
  };
}

/** The first thing that is missing. */
export function missingIn(draft: SuppressionDraft, now: number): string | undefined {
  if (matchOf(draft, "") === undefined) return "Choose the rule, a technique or an entity.";
  if (draft.expires === "") return "Say when it ends.";
  if (Date.parse(dayBegin(draft.expires)) <= now) return "It ends on a day to come.";
  if (draft.expires > lastDay(now)) return `It lasts at most ${days_max} days.`;
  if (draft.reason.trim() === "") return "Say why.";
  return undefined;
}

/** `T1110.001` → itself, and `T1110` with all that is below it. */
export const techniqueChoices = (techniques: readonly string[]) => [
  ...new Set(techniques.flatMap((id) => [id, id.replace(/\.\d+$/, "")])),
];

/** Those at which a limit is one: the highest would let everything in. */
export const severityLimits: readonly Severity[] = severities.filter(
  (severity) => severity !== "critical" && severity !== "unknown",
);
