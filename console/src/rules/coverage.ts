import type { Coverage } from "@/api/rule-types";
import type { Severity } from "@/api/types";
import { severities } from "@/lib/severity";

export interface CoveredTechnique {
  id: string;
  /** Rules in force; of a tactic those that name both. */
  rules: number;
  disabled: number;
  /** The worst level among its rules in force. */
  worst: Severity | null;
}

export interface CoverageColumn {
  /** Absent for techniques without a tactic. */
  tactic?: string;
  rules: number;
  techniques: CoveredTechnique[];
}

/** Tactics in the server's order, the order of the kill chain; last, what no tactic names. */
export function coverageColumns(coverage: Coverage): CoverageColumn[] {
  const covered = (id: string, rules: number): CoveredTechnique => {
    const { disabled = 0, by_level = {} } = coverage.techniques[id] ?? {};
    return { id, rules, disabled, worst: severities.find((level) => (by_level[level] ?? 0) > 0) ?? null };
  };
  const columns: CoverageColumn[] = coverage.tactics.map(({ tactic, rules, techniques }) => ({
    tactic,
    rules,
    techniques: Object.entries(techniques)
      .map(([id, count]) => covered(id, count))
      .sort(mostFirst),
  }));
  const placed = new Set(coverage.tactics.flatMap(({ techniques }) => Object.keys(techniques)));
  const rest = Object.entries(coverage.techniques).filter(
    ([id, technique]) => technique.rules > 0 && !placed.has(id),
  );
  if (rest.length === 0) return columns;
  const techniques = rest.map(([id, technique]) => covered(id, technique.rules)).sort(mostFirst);
  const rules = new Set(rest.flatMap(([, technique]) => technique.rule_ids)).size;
  return [...columns, { rules, techniques }];
}

function mostFirst(a: CoveredTechnique, b: CoveredTechnique): number {
  return b.rules - a.rules || (a.id < b.id ? -1 : 1);
}
