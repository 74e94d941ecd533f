// What the routes around a question answer.
import type { Answer, Problem } from "./types";

/** What a question will cost, from what is known about the segments alone. */
export interface CostEstimate {
  segments: number;
  rows: number;
  bytes: number;
  expected_ms: number;
  low_ms: number;
  high_ms: number;
}

export interface RouteView {
  intent: string;
  engine: string;
  confidence: number;
  reason: string;
  rules?: string[];
  form?: string;
  router_version?: number;
}

/** How much of what was asked for was read. */
export interface StatusDetail {
  segments_read: number;
  segments_total: number;
  stale_as_of?: string | null;
  why?: string;
}

/** How the asker wants the rows to be drawn. */
export interface Render {
  kind: string;
  title?: string | null;
}

/** An answer on the way to the answer, where a question has several steps. */
export interface AnswerPart {
  question: string;
  understood: string;
  columns: Answer["columns"];
  rows: Answer["rows"];
}

export interface FullAnswer extends Omit<Answer, "route"> {
  route: RouteView;
  query_id?: string;
  decision_id?: string | null;
  understood?: string;
  status_detail?: StatusDetail | null;
  render?: Render | null;
  parts?: AnswerPart[] | null;
  estimate?: CostEstimate | null;
  next_cursor?: string | null;
}

export interface EstimateAnswer {
  understood: string;
  estimate: CostEstimate;
  allowed: boolean;
  /** The same question in a form that would be allowed. */
  cheaper?: string | null;
}

export interface Suggestion {
  text: string;
  kind: string;
  detail?: string | null;
}

export interface TextProblem {
  from: number;
  to: number;
  message: string;
  hint?: string | null;
}

/** What may stand at a place of a question. Places are in bytes of UTF-8. */
export interface CompletionAnswer {
  replaces: { from: number; to: number };
  items: Suggestion[];
  problems: TextProblem[];
}

/** A refusal that says what would be cheaper. */
export interface CostProblem extends Problem {
  estimate?: CostEstimate | null;
  cheaper?: string | null;
}
