// By hand: what the OpenAPI document calls an object without saying more, and at the end the bodies of requests
// and answers, which have the names and shapes of the server's own types.
import type { RuleProblem, RuleRef, Severity } from "./types";

/** How often something hid findings since the server started, and the event time of the first and last. */
export interface Hidden {
  hidden: number;
  first: string | null;
  last: string | null;
}

export interface DisabledRule {
  rule: string;
  owner: string;
  reason: string;
  since: string;
  /** For good where absent. */
  until?: string;
  used: Hidden;
}

export type RuleScope = { rules: string[] } | { pack: string } | "all";

export interface RuleException {
  id: string;
  scope: RuleScope;
  /** A selection as in a Sigma rule: a map of `field|modifiers` to values, or a list of such maps. */
  condition: unknown;
  owner: string;
  reason: string;
  created: string;
  expires: string;
  expired: boolean;
  used: Hidden;
}

export interface Tuning {
  disabled: DisabledRule[];
  exceptions: RuleException[];
}

/** A part of a rule's condition and what came of it. */
export interface ExplainedPart {
  matched: boolean;
  kind: "all" | "any" | "not" | "of" | "selection" | "test";
  reason?: string;
  parts?: ExplainedPart[];
  /** Parts that the server left out for lack of room. */
  omitted?: number;
  /** Of a selection. */
  name?: string;
  /** Of a quantity: `1 of selection_*`. */
  words?: string;
  needed?: number;
  /** Of a test; null for keywords. */
  field?: string | null;
  test?: string;
  wanted?: string[];
  wanted_total?: number;
  found?: string[];
  found_total?: number;
  line?: number;
}

export interface Explanation {
  rule: RuleRef;
  matched: boolean;
  routing: { taken: boolean; reason: string };
  /** Several are alternatives. */
  condition: string[];
  tree: ExplainedPart;
}

export interface TechniqueCoverage {
  rules: number;
  disabled: number;
  by_level: Partial<Record<Severity, number>>;
  rule_ids: string[];
}

export interface TacticCoverage {
  tactic: string;
  rules: number;
  /** How many rules name each technique together with the tactic. */
  techniques: Record<string, number>;
}

export interface Coverage {
  rules: number;
  disabled: number;
  techniques: Record<string, TechniqueCoverage>;
  tactics: TacticCoverage[];
  only_disabled: string[];
  navigator: Record<string, unknown>;
}

export interface BacktestMatch {
  rule: string;
  /** Of a run of events, the last one. */
  event: string;
  time: string;
  /** Names and values that a correlation grouped by. */
  group: string[][];
  events: number;
  /** How many happenings the events stand for. */
  count: number;
  first: string;
  last: string;
  /** The first and the last events. */
  evidence: string[];
}

export interface BacktestAnswer {
  events: number;
  elapsed_ms: number;
  rules: (RuleRef & { matches: number })[];
  matches: BacktestMatch[];
  not_described: number;
  problems: RuleProblem[];
}

export interface ExplainAnswer {
  explanations: Explanation[];
  problems: RuleProblem[];
}

export interface DisableBody {
  rule: string;
  owner: string;
  reason: string;
  until?: string | undefined;
}

export interface ExceptionBody {
  id: string;
  rules: string[];
  condition: Record<string, string | string[]>;
  owner: string;
  reason: string;
  expires: string;
}

export interface Impact {
  sentence: string;
  examined: number;
  would_hide: number;
  confirmed: number;
  by_rule: Record<string, number>;
  examples: { rule: string; title: string; time: string }[];
}
