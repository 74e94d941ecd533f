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
export type JoinReason = Schemas["JoinReason"];
export type RiskReason = Schemas["RiskReason"];
export type RiskFactor = Schemas["RiskFactor"];
export type ChainStep = Schemas["ChainStep"];
export type Edit = Schemas["Edit"];
export type Enrichment = Schemas["Enrichment"];
export type EnrichmentStage = Schemas["EnrichmentStage"];
export type VerdictKind = Schemas["VerdictKind"];
export type VerdictTarget = Schemas["VerdictTarget"];
/** What somebody decides. */
export type Decision = Schemas["Decision"];
/** What somebody decides about a model. */
export type ModelDecision = Extract<
  Decision,
  { decision: "roll_back_model" | "activate_model" | "discard_shadow" }
>;
/** A decision and who makes it. */
export type DecisionBody = Decision & { by: string };
export type DecisionAnswer = Schemas["DecisionAnswer"];
export type IncidentSummary = Schemas["IncidentSummary"];
export type IncidentDetail = Schemas["IncidentDetail"];
export type IncidentPage = Schemas["IncidentPage"];
export type IncidentRevision = Schemas["IncidentRevision"];
export type IncidentChange = Schemas["IncidentChange"];
export type SuppressionMatch = Schemas["SuppressionMatch"];
export type Suppression = Schemas["SuppressionView"];
export type EntityRisk = Schemas["EntityRisk"];
export type Feedback = Schemas["FeedbackMetrics"];
export type ReliabilityBin = Schemas["ReliabilityBin"];
export type Triage = Schemas["TriageAnswer"];
export type VerdictNote = Schemas["VerdictNote"];
export type SuppressionImpact = Schemas["SuppressionImpact"];
export type Models = Schemas["ModelsView"];
export type Model = Schemas["ModelView"];
export type ModelKind = Schemas["ModelKind"];
export type ModelCard = Schemas["CardView"];
export type ModelChange = Schemas["Change"];
export type Training = Schemas["TrainingView"];
export type DriftLevel = Schemas["DriftLevel"];
export type RetrainReason = Schemas["RetrainReason"];
export type Comparison = Schemas["Comparison"];
export type EventDetail = Schemas["EventDetail"];
export type LookupAnswer = Schemas["EventLookupAnswer"];
export type Answer = Schemas["QueryAnswer"];
export type DeadLetterItem = Schemas["DeadLetterItem"];
export type DeadLetterPage = Schemas["DeadLetterPage"];
export type Pipeline = Schemas["Pipeline"];
export type MartSummary = Schemas["MartSummary"];
export type Status = Schemas["Status"];
export type EngineState = Schemas["EngineState"];
export type EngineStatus = Schemas["EngineStatus"];
export type Engines = Schemas["EnginesAnswer"];
export type HistoryPoint = Schemas["HistoryPoint"];
export type StatusHistory = Schemas["StatusHistory"];
export type RuleKind = Schemas["RuleKind"];
export type RuleRef = Schemas["RuleRef"];
export type Rule = Schemas["RuleView"];
export type RuleProblem = Schemas["RuleProblemView"];
export type Rules = Schemas["RulesView"];
export type Problem = Schemas["ProblemDocument"];
