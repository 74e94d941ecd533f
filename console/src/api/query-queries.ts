import { queryOptions } from "@tanstack/react-query";
import { apiDelete, apiFile, apiPost } from "./client";
import type { CompletionAnswer, EstimateAnswer, FullAnswer } from "./query-types";

export interface Asked {
  text: string;
  /** The engine that the asker wants, where it is not the router's choice. */
  engine?: string | undefined;
  /** Where an answer that was given in pages goes on. */
  cursor?: string | undefined;
}

const page_rows = 1_000;

/** Leaving the page, or asking something else, ends the work on the server, too. */
export const searchQuery = (asked: Asked) =>
  queryOptions({
    queryKey: ["search", asked.text, asked.engine ?? "", asked.cursor ?? ""],
    queryFn: ({ signal }) => {
      const query_id = crypto.randomUUID();
      signal.addEventListener("abort", () => void cancel(query_id));
      const { text, engine, cursor } = asked;
      return apiPost<FullAnswer>(
        "/api/v1/query",
        { text, engine, cursor, query_id, page_size: page_rows, explain: true },
        signal,
      );
    },
    enabled: asked.text !== "",
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });

/** It may have ended by itself: that nobody knows it any more is no news. */
const cancel = (id: string) => apiDelete(`/api/v1/queries/${encodeURIComponent(id)}`).catch(() => {});

export const completionQuery = (text: string, offset: number) =>
  queryOptions({
    queryKey: ["completion", text, offset],
    queryFn: ({ signal }) => apiPost<CompletionAnswer>("/api/v1/query/complete", { text, offset }, signal),
    staleTime: 30_000,
    retry: false,
  });

export const estimateQuery = (text: string) =>
  queryOptions({
    queryKey: ["estimate", text],
    queryFn: ({ signal }) => apiPost<EstimateAnswer>("/api/v1/query/estimate", { text }, signal),
    staleTime: 10_000,
    retry: false,
  });

export const exportFormats = ["csv", "ndjson", "parquet"] as const;
export type ExportFormat = (typeof exportFormats)[number];

export const exportAnswer = (text: string, format: ExportFormat) =>
  apiFile(`/api/v1/query/export?format=${format}`, { text });

export const overrideDecision = (id: string, engine: string) =>
  apiPost(`/api/v1/query/decisions/${encodeURIComponent(id)}/override`, { engine });

export const lineagePath = (id: string) => `/api/v1/query/decisions/${encodeURIComponent(id)}/lineage`;
