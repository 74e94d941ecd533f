import type { EntityType, IncidentStatus, RuleKind, Severity } from "@/api/types";
import { severities } from "./severity";

export const statuses: readonly IncidentStatus[] = ["new", "in_progress", "on_hold", "resolved", "closed"];

/** What the address bar says about the queue. */
export interface QueueFilters {
  status?: IncidentStatus;
  /** At least this bad. */
  severity?: Severity;
  q?: string;
}

/** `signal` and `event` are what the evidence panel shows, `sentence` the pinned one. */
export interface IncidentView {
  sentence?: number;
  signal?: string;
  event?: string;
}

export interface SearchView {
  q?: string;
  event?: string;
}

export const entityTypes: readonly EntityType[] = [
  "user",
  "host",
  "ip",
  "session",
  "process",
  "domain",
  "file",
  "application",
  "virtual",
];

/** Which entities are listed. */
export interface TriageView {
  type?: EntityType;
}

export const ruleKinds: readonly RuleKind[] = ["sigma", "correlation", "yaral"];

export const ruleStates = ["reporting", "disabled", "excepted"] as const;
export type RuleState = (typeof ruleStates)[number];

/** Which rules are listed, and which of them, and of its events, is open beside the list. */
export interface RulesView {
  /** The ATT&CK view instead of the list. */
  show?: "coverage";
  q?: string;
  /** At least this bad. */
  level?: Severity;
  kind?: RuleKind;
  pack?: string;
  state?: RuleState;
  technique?: string;
  /** By matches where absent. */
  sort?: "level" | "cost";
  rule?: string;
  event?: string;
}

type Raw = Record<string, unknown>;

/** Plain `name=value` pairs: addresses that people read and type. */
export const parseSearch = (text: string): Raw => Object.fromEntries(new URLSearchParams(text));

export function stringifySearch(values: Raw): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== null && value !== "") parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text === "" ? "" : `?${text}`;
}

const textOf = (value: unknown) => (typeof value === "string" && value.trim() !== "" ? value : undefined);

function oneOf<T extends string>(value: unknown, allowed: readonly T[]): T | undefined {
  return allowed.find((name) => name === value);
}

/** Drops absent keys so that equal views have equal addresses and equal cache keys. */
function compact<T extends object>(values: T): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
}

export const queueFilters = (raw: Raw): QueueFilters =>
  compact({
    status: oneOf(raw.status, statuses),
    severity: oneOf(raw.severity, severities),
    q: textOf(raw.q),
  } as QueueFilters);

export function incidentView(raw: Raw): IncidentView {
  const sentence = Number(raw.sentence);
  const isIndex = raw.sentence !== undefined && Number.isInteger(sentence) && sentence >= 0;
  return compact({
    sentence: isIndex ? sentence : undefined,
    signal: textOf(raw.signal),
    event: textOf(raw.event),
  } as IncidentView);
}

const technique_id = /^T\d{4}(\.\d{3})?$/;

export function rulesView(raw: Raw): RulesView {
  const technique = textOf(raw.technique)?.toUpperCase() ?? "";
  return compact({
    show: oneOf(raw.show, ["coverage"]),
    q: textOf(raw.q),
    level: oneOf(raw.level, severities),
    kind: oneOf(raw.kind, ruleKinds),
    pack: textOf(raw.pack),
    state: oneOf(raw.state, ruleStates),
    technique: technique_id.test(technique) ? technique : undefined,
    sort: oneOf(raw.sort, ["level", "cost"]),
    rule: textOf(raw.rule),
    event: textOf(raw.event),
  } as RulesView);
}

export const triageView = (raw: Raw): TriageView =>
  compact({ type: oneOf(raw.type, entityTypes) } as TriageView);

export const searchView = (raw: Raw): SearchView =>
  compact({ q: textOf(raw.q), event: textOf(raw.event) } as SearchView);
