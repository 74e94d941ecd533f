import { isAtLeast } from "@/lib/severity";
import type {
  HistoryPoint,
  IncidentChange,
  IncidentPage,
  IncidentStatus,
  IncidentSummary,
  Pipeline,
  Severity,
} from "./types";

export interface StreamState {
  connection: "connecting" | "open" | "lost";
  /** When the next attempt is made, in milliseconds since the epoch; null while connected. */
  retry_at: number | null;
  last_event_id: string | null;
  /** Changes since the queue was last loaded, the newest version of each incident. */
  pending: ReadonlyMap<string, IncidentChange>;
  /** The server dropped events that we have not seen: loaded lists may be incomplete. */
  missed: boolean;
  pipeline: Pipeline | null;
  points: readonly HistoryPoint[];
}

export type StreamAction =
  | { kind: "opened" }
  | { kind: "lost"; retry_at: number }
  | { kind: "incidents"; id: string; deltas: readonly IncidentChange[] }
  | { kind: "status"; id: string; pipeline: Pipeline; time: string }
  | { kind: "gap"; id: string }
  | { kind: "list_loaded" };

/** 15 minutes of one status every 2 seconds. */
export const points_max = 450;
/** More changes than anybody reads; the count keeps the newest. */
export const pending_max = 5_000;

export const initialStream: StreamState = {
  connection: "connecting",
  retry_at: null,
  last_event_id: null,
  pending: new Map(),
  missed: false,
  pipeline: null,
  points: [],
};

export function reduceStream(state: StreamState, action: StreamAction): StreamState {
  switch (action.kind) {
    case "opened":
      return { ...state, connection: "open", retry_at: null };
    case "lost":
      return { ...state, connection: "lost", retry_at: action.retry_at };
    case "incidents":
      return { ...withId(state, action.id), pending: withDeltas(state.pending, action.deltas) };
    case "status":
      return {
        ...withId(state, action.id),
        pipeline: action.pipeline,
        points: [...state.points, pointOf(action.pipeline, action.time)].slice(-points_max),
      };
    case "gap":
      return { ...withId(state, action.id), missed: true };
    case "list_loaded":
      return { ...state, pending: new Map(), missed: false };
  }
}

function withId(state: StreamState, id: string): StreamState {
  return id === "" ? state : { ...state, last_event_id: id };
}

function withDeltas(
  pending: StreamState["pending"],
  deltas: readonly IncidentChange[],
): StreamState["pending"] {
  const next = new Map(pending);
  for (const delta of deltas) {
    const known = next.get(delta.id);
    if (known !== undefined && known.version >= delta.version) continue;
    next.delete(delta.id);
    next.set(delta.id, delta);
    const oldest = next.keys().next();
    if (next.size > pending_max && !oldest.done) next.delete(oldest.value);
  }
  return next;
}

function pointOf(pipeline: Pipeline, time: string): HistoryPoint {
  return {
    time,
    events_per_second: pipeline.events_per_second,
    bytes_per_second: pipeline.bytes_per_second,
    lag_records: pipeline.lag_records,
  };
}

/** History from the server followed by what the stream added since. */
export function joinPoints(history: readonly HistoryPoint[], live: readonly HistoryPoint[]): HistoryPoint[] {
  const last = history.at(-1);
  if (last === undefined) return [...live];
  const end = Date.parse(last.time);
  return [...history, ...live.filter((point) => Date.parse(point.time) > end)];
}

/** Pages of the query cache. */
export interface Pages<Page> {
  pages: Page[];
  pageParams: unknown[];
}

/** Rewrites incidents in place, where they stand: rows never jump under the reader's hand. */
export function patchPages<Data extends Pages<IncidentPage>>(
  data: Data,
  deltas: readonly IncidentChange[],
): Data {
  const newest = new Map(deltas.map((delta) => [delta.id, delta]));
  const patch = (item: IncidentSummary) => {
    const delta = newest.get(item.id);
    return delta !== undefined && delta.version > item.version ? { ...item, ...delta } : item;
  };
  const pages = data.pages.map((page) => ({ ...page, items: page.items.map(patch) }));
  const isSame = pages.every((page, at) =>
    page.items.every((item, place) => item === data.pages[at]?.items[place]),
  );
  return isSame ? data : { ...data, pages };
}

/** Pending incidents that the loaded list lacks and that its filters would let in, as far as a delta can tell. */
export function unseen(
  pending: StreamState["pending"],
  loaded: ReadonlySet<string>,
  filters: {
    status?: IncidentStatus | undefined;
    severity?: Severity | undefined;
    q?: string | undefined;
  },
): IncidentChange[] {
  const wanted = filters.q?.toLowerCase();
  return [...pending.values()].filter((delta) => {
    if (loaded.has(delta.id)) return false;
    if (filters.status !== undefined && delta.status !== filters.status) return false;
    if (filters.severity !== undefined && !isAtLeast(delta.severity, filters.severity)) return false;
    return wanted === undefined || `${delta.title} ${delta.headline}`.toLowerCase().includes(wanted);
  });
}
