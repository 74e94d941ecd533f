import { queryOptions } from "@tanstack/react-query";
import { apiDelete, apiGet, apiPost, apiPut, queryString } from "./client";
import type { MartBody, MartsAnswer, RollupsAnswer } from "./mart-types";

export const martsQuery = queryOptions({
  queryKey: ["marts"],
  queryFn: ({ signal }) => apiGet<MartsAnswer>("/api/v1/marts", signal),
  refetchInterval: 10_000,
});

export const rollupsQuery = queryOptions({
  queryKey: ["rollups"],
  queryFn: ({ signal }) => apiGet<RollupsAnswer>("/api/v1/rollups", signal),
  refetchInterval: 10_000,
});

const place = (name: string) => `/api/v1/marts/${encodeURIComponent(name)}`;

export const createMart = (name: string, body: MartBody) => apiPost("/api/v1/marts", { ...body, name });
export const alterMart = (name: string, body: MartBody) => apiPut(place(name), body);
export const removeMart = (name: string, purge: boolean, by: string) =>
  apiDelete(`${place(name)}${queryString({ purge: purge ? "true" : null, by })}`);
