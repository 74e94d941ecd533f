import type { RuleScope, Tuning } from "@/api/rule-types";
import type { Rule } from "@/api/types";
import { techniquesOf } from "@/lib/attack";
import { isAtLeast, severities } from "@/lib/severity";
import type { RulesView } from "@/lib/url-state";

/** A rule with what the list asks it again and again. */
export interface ListedRule {
  rule: Rule;
  techniques: string[];
  /** What the text filter looks at, in lower case. */
  text: string;
}

export const listRules = (rules: readonly Rule[]): ListedRule[] =>
  rules.map((rule) => ({
    rule,
    techniques: techniquesOf(rule.tags),
    text: [rule.title, rule.id, rule.pack, ...rule.tags].join("\n").toLowerCase(),
  }));

/** What is disabled and excepted at a moment, ready to be asked rule by rule. */
export interface TuningIndex {
  disabled: ReadonlySet<string>;
  isExcepted: (rule: Rule) => boolean;
}

export const packName = (pack: string) => pack.split("@", 1)[0] ?? pack;

export function indexTuning(tuning: Tuning | undefined, now: number): TuningIndex {
  const isOver = (until: string | undefined) => until !== undefined && Date.parse(until) <= now;
  const disabled = tuning?.disabled.filter((entry) => !isOver(entry.until)).map((entry) => entry.rule);
  const scopes = tuning?.exceptions.filter((each) => !each.expired).map((each) => each.scope) ?? [];
  const rules = new Set(scopes.flatMap((scope) => (scope !== "all" && "rules" in scope ? scope.rules : [])));
  const packs = new Set(scopes.flatMap((scope) => (scope !== "all" && "pack" in scope ? scope.pack : [])));
  const isAll = scopes.includes("all");
  return {
    disabled: new Set(disabled),
    isExcepted: (rule) =>
      isAll || rules.has(rule.id) || packs.has(rule.pack) || packs.has(packName(rule.pack)),
  };
}

export function takes(scope: RuleScope, rule: Rule): boolean {
  if (scope === "all") return true;
  if ("rules" in scope) return scope.rules.includes(rule.id);
  return scope.pack === rule.pack || scope.pack === packName(rule.pack);
}

export function filterRules(listed: readonly ListedRule[], view: RulesView, tuning: TuningIndex) {
  const words = view.q?.toLowerCase().split(/\s+/) ?? [];
  return listed.filter(({ rule, techniques, text }) => {
    if (view.level !== undefined && !isAtLeast(rule.level, view.level)) return false;
    if (view.kind !== undefined && rule.kind !== view.kind) return false;
    if (view.pack !== undefined && rule.pack !== view.pack) return false;
    if (view.technique !== undefined && !techniques.includes(view.technique)) return false;
    if (!hasState(view.state, rule, tuning)) return false;
    return words.every((word) => text.includes(word));
  });
}

function hasState(state: RulesView["state"], rule: Rule, tuning: TuningIndex): boolean {
  if (state === "disabled") return tuning.disabled.has(rule.id);
  if (state === "reporting") return !tuning.disabled.has(rule.id);
  return state === undefined || tuning.isExcepted(rule);
}

const byLevel = (a: Rule, b: Rule) => severities.indexOf(a.level) - severities.indexOf(b.level);
const byMatches = (a: Rule, b: Rule) => b.matches - a.matches;
// A rule whose evaluations were never timed may still have been tried on many events.
const byCost = (a: Rule, b: Rule) => b.cost.time_us - a.cost.time_us || b.cost.candidates - a.cost.candidates;
const orders = { level: [byLevel, byMatches], cost: [byCost, byMatches], matches: [byMatches, byLevel] };

function byTitle(a: Rule, b: Rule): number {
  if (a.title !== b.title) return a.title < b.title ? -1 : 1;
  return a.id < b.id ? -1 : 1;
}

export function sortRules(listed: readonly ListedRule[], sort: RulesView["sort"]): ListedRule[] {
  const compare = [...orders[sort ?? "matches"], byTitle];
  const order = (a: Rule, b: Rule) => compare.reduce((known, by) => known || by(a, b), 0);
  return [...listed].sort(({ rule: a }, { rule: b }) => order(a, b));
}

export const packsOf = (rules: readonly Rule[]) => [...new Set(rules.map((rule) => rule.pack))].sort();
