// What the routes around a question answer.
import type { components } from "./schema";
import type { Problem } from "./types";

type Schemas = components["schemas"];

/** What a question will cost, from what is known about the segments alone. */
export type CostEstimate = Schemas["QueryCost"];
export type FullAnswer = Schemas["QueryAnswer"];
/** An answer on the way to the answer, where a question has several steps. */
export type AnswerPart = Schemas["AnswerPart"];
export type EstimateAnswer = Schemas["QueryEstimate"];
/** What may stand at a place of a question. Places are in bytes of UTF-8. */
export type CompletionAnswer = Schemas["Completed"];
export type Suggestion = Schemas["CompletedItem"];
export type TextProblem = Schemas["CompletedProblem"];

/** A refusal that says what would be cheaper. */
export interface CostProblem extends Problem {
  estimate?: CostEstimate | null;
  cheaper?: string | null;
}
