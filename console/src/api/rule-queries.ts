import { queryOptions } from "@tanstack/react-query";
import { apiGet, apiPost } from "./client";
import type {
  BacktestAnswer,
  Coverage,
  DisableBody,
  ExceptionBody,
  ExplainAnswer,
  Impact,
  Tuning,
} from "./rule-types";

/** A rule's findings that a backtest describes; the others are counted. */
const matches_max = 200;

export const tuningQuery = queryOptions({
  queryKey: ["tuning"],
  queryFn: ({ signal }) => apiGet<Tuning>("/api/v1/rules/tuning", signal),
});

export const coverageQuery = queryOptions({
  queryKey: ["coverage"],
  queryFn: ({ signal }) => apiGet<Coverage>("/api/v1/rules/coverage", signal),
});

/** `from` in event time; all that is stored where it is absent. Each `run` asks anew: events may have arrived. */
export const backtestQuery = (rule: string, from: string | undefined, run: number) =>
  queryOptions({
    queryKey: ["backtest", rule, from, run],
    queryFn: ({ signal }) =>
      apiPost<BacktestAnswer>("/api/v1/rules/backtest", { rule_ids: [rule], from, matches_max }, signal),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });

/** The rules in force that match the event, or `rule` whether it matches or not. */
export const explainQuery = (event: string, rule: string | undefined) =>
  queryOptions({
    queryKey: ["explain", event, rule],
    queryFn: ({ signal }) =>
      apiPost<ExplainAnswer>(
        "/api/v1/rules/explain",
        { event, rule_ids: rule === undefined ? undefined : [rule] },
        signal,
      ),
    retry: false,
  });

export const previewException = (exception: ExceptionBody, from: string | undefined, signal?: AbortSignal) =>
  apiPost<Impact>("/api/v1/rules/exceptions/preview", { exception, from }, signal);

export const createException = (exception: ExceptionBody) =>
  apiPost<Tuning>("/api/v1/rules/exceptions", exception);

export const removeException = (id: string) => apiPost<Tuning>("/api/v1/rules/exceptions/remove", { id });

export const disableRule = (body: DisableBody) => apiPost<Tuning>("/api/v1/rules/disable", body);

export const enableRule = (id: string) => apiPost<Tuning>("/api/v1/rules/enable", { id });
