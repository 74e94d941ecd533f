// The one place where the console's names meet the names of the OpenAPI document.
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Severity = Schemas["Severity"];
export type IncidentStatus = Schemas["IncidentStatus"];
export type EntityType = Schemas["EntityType"];
export type EntityRef = Schemas["EntityRef"];
export type Estimate = Schemas["Estimate"];
export type Signal = Schemas["Signal"];
export type Sentence = Schemas["Sentence"];
export type Join = Schemas["Join"];
export type IncidentSummary = Schemas["IncidentSummary"];
export type IncidentDetail = Schemas["IncidentDetail"];
export type IncidentPage = Schemas["IncidentPage"];
export type IncidentRevision = Schemas["IncidentRevision"];
export type IncidentChange = Schemas["IncidentChange"];
export type EventDetail = Schemas["EventDetail"];
export type LookupAnswer = Schemas["EventLookupAnswer"];
export type Answer = Schemas["QueryAnswer"];
export type DeadLetterItem = Schemas["DeadLetterItem"];
export type DeadLetterPage = Schemas["DeadLetterPage"];
export type Pipeline = Schemas["Pipeline"];
export type MartSummary = Schemas["MartSummary"];
export type Status = Schemas["Status"];
export type HistoryPoint = Schemas["HistoryPoint"];
export type StatusHistory = Schemas["StatusHistory"];
export type RuleKind = Schemas["RuleKind"];
export type RuleRef = Schemas["RuleRef"];
export type Rule = Schemas["RuleView"];
export type RuleProblem = Schemas["RuleProblemView"];
export type Rules = Schemas["RulesView"];
export type Problem = Schemas["ProblemDocument"];
