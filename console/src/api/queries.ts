import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import type { QueueFilters } from "@/lib/url-state";
import { apiGet, apiPost, queryString } from "./client";
import type {
  DeadLetterPage,
  DecisionAnswer,
  DecisionBody,
  Engines,
  EventDetail,
  IncidentDetail,
  IncidentPage,
  LookupAnswer,
  Models,
  Rules,
  Signal,
  Status,
  StatusHistory,
  SuppressionImpact,
  SuppressionMatch,
  Triage,
} from "./types";

const incidents_per_page = 100;
export const events_per_page = 100;
const candidates_max = 8;
const dead_letters_per_page = 50;

export const incidentsQuery = (filters: QueueFilters) =>
  infiniteQueryOptions({
    queryKey: ["incidents", filters],
    queryFn: ({ pageParam, signal }) =>
      apiGet<IncidentPage>(
        `/api/v1/incidents${queryString({ ...filters, limit: incidents_per_page, cursor: pageParam })}`,
        signal,
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next ?? null,
  });

export const incidentQuery = (id: string) =>
  queryOptions({
    queryKey: ["incident", id],
    queryFn: ({ signal }) => apiGet<IncidentDetail>(`/api/v1/incidents/${encodeURIComponent(id)}`, signal),
  });

/** Durable before it is answered; an answer that names where it waits is given before it is carried out. */
export const decide = (body: DecisionBody) => apiPost<DecisionAnswer>("/api/v1/decisions", body);

const triage_again_ms = 30_000;

export const triageQuery = queryOptions({
  queryKey: ["triage"],
  queryFn: ({ signal }) => apiGet<Triage>("/api/v1/triage", signal),
  refetchInterval: triage_again_ms,
});

export const modelsQuery = queryOptions({
  queryKey: ["models"],
  queryFn: ({ signal }) => apiGet<Models>("/api/v1/models", signal),
  refetchInterval: triage_again_ms,
});

/** What a suppression would have kept back; nothing is decided by it. */
export const suppressionPreviewQuery = (match: SuppressionMatch | undefined) =>
  queryOptions({
    queryKey: ["suppression", match],
    queryFn: ({ signal }) => apiPost<SuppressionImpact>("/api/v1/suppressions/preview", { match }, signal),
    enabled: match !== undefined,
    retry: false,
  });

/** Incidents to choose one of: the last changed that have the words in them. */
export const candidatesQuery = (q: string) =>
  queryOptions({
    queryKey: ["candidates", q],
    queryFn: ({ signal }) =>
      apiGet<IncidentPage>(`/api/v1/incidents${queryString({ q, limit: candidates_max })}`, signal),
  });

/** The evidence of a signal, page by page: an event never changes, so pages never go stale. */
export const evidenceQuery = (signal: Signal) =>
  infiniteQueryOptions({
    queryKey: ["evidence", signal.id, signal.events.length, signal.events.at(-1)],
    queryFn: ({ pageParam, signal: abort }) =>
      apiPost<LookupAnswer>(
        "/api/v1/events/lookup",
        { ids: signal.events.slice(pageParam, pageParam + events_per_page) },
        abort,
      ),
    initialPageParam: 0,
    getNextPageParam: (_last, _pages, offset) =>
      offset + events_per_page < signal.events.length ? offset + events_per_page : null,
    staleTime: Number.POSITIVE_INFINITY,
  });

export const eventQuery = (id: string) =>
  queryOptions({
    queryKey: ["event", id],
    queryFn: ({ signal }) => apiGet<EventDetail>(`/api/v1/events/${encodeURIComponent(id)}`, signal),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const statusQuery = queryOptions({
  queryKey: ["status"],
  queryFn: ({ signal }) => apiGet<Status>("/api/v1/status", signal),
  refetchInterval: 10_000,
});

export const enginesQuery = queryOptions({
  queryKey: ["engines"],
  queryFn: ({ signal }) => apiGet<Engines>("/api/v1/engines", signal),
  refetchInterval: 10_000,
});

export const historyQuery = queryOptions({
  queryKey: ["history"],
  queryFn: ({ signal }) => apiGet<StatusHistory>("/api/v1/status/history", signal),
});

export const rulesQuery = queryOptions({
  queryKey: ["rules"],
  queryFn: ({ signal }) => apiGet<Rules>("/api/v1/rules", signal),
});

export const deadLettersQuery = infiniteQueryOptions({
  queryKey: ["dead-letters"],
  queryFn: ({ pageParam, signal }) =>
    apiGet<DeadLetterPage>(
      `/api/v1/dead-letters${queryString({ limit: dead_letters_per_page, cursor: pageParam })}`,
      signal,
    ),
  initialPageParam: null as string | null,
  getNextPageParam: (last) => last.next ?? null,
});
