import type { InfiniteData, QueryClient } from "@tanstack/react-query";
import { createStore } from "@/lib/store";
import { statusQuery } from "./queries";
import { initialStream, patchPages, reduceStream, type StreamAction, type StreamState } from "./stream-state";
import type { IncidentChange, IncidentDetail, IncidentPage, Pipeline } from "./types";

const retry_first_ms = 1_000;
const retry_last_ms = 30_000;
const gather_ms = 100;

const store = createStore<StreamState>(initialStream);
let retryNow: () => void = () => {};

const dispatch = (action: StreamAction) => store.set(reduceStream(store.get(), action));

export const useStream = store.use;
export const reconnectStream = () => retryNow();
export const markListLoaded = () => dispatch({ kind: "list_loaded" });

/** Keeps one event stream open for the session's life and writes what it says into the query cache. */
export function startStream(client: QueryClient) {
  let source: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  const incidents = createIncidentBuffer(client);

  const connect = () => {
    clearTimeout(timer);
    source?.close();
    const seen = store.get().last_event_id;
    const resume = seen === null ? "" : `?last_event_id=${encodeURIComponent(seen)}`;
    source = new EventSource(`/api/v1/stream${resume}`);
    source.onopen = () => {
      failures = 0;
      dispatch({ kind: "opened" });
    };
    source.onerror = () => {
      // The browser's own retry neither backs off nor says when; ours does both.
      source?.close();
      const wait = Math.min(retry_first_ms * 2 ** failures, retry_last_ms);
      failures += 1;
      dispatch({ kind: "lost", retry_at: Date.now() + wait });
      timer = setTimeout(connect, wait);
      // An event source does not say why it failed; a plain request does, and a 401 ends the session's view.
      void client.fetchQuery({ ...statusQuery, staleTime: 0, retry: false }).catch(() => {});
    };
    source.addEventListener("incident", (event) =>
      incidents.add(event.lastEventId, JSON.parse(event.data) as IncidentChange),
    );
    source.addEventListener("status", (event) => {
      const pipeline = JSON.parse(event.data) as Pipeline;
      dispatch({ kind: "status", id: event.lastEventId, pipeline, time: new Date().toISOString() });
    });
    source.addEventListener("gap", (event) => {
      dispatch({ kind: "gap", id: event.lastEventId });
      void client.invalidateQueries({ queryKey: ["incident"] });
      void client.invalidateQueries({ queryKey: ["status"] });
    });
  };

  retryNow = connect;
  connect();
}

/** Gathers changes for a moment: an import of a large file changes incidents far faster than anybody reads. */
function createIncidentBuffer(client: QueryClient) {
  const buffer = new Map<string, IncidentChange>();
  let last_id = "";
  let isScheduled = false;

  const flush = () => {
    isScheduled = false;
    const deltas = [...buffer.values()];
    buffer.clear();
    dispatch({ kind: "incidents", id: last_id, deltas });
    patchLists(client, deltas);
    for (const delta of deltas) {
      const queryKey = ["incident", delta.id];
      // A page that is being fetched may be older than this change: look again after it has come.
      if (client.isFetching({ queryKey }) > 0) add(last_id, delta);
      else if (client.getQueryData<IncidentDetail>(queryKey)?.version !== delta.version) {
        void client.invalidateQueries({ queryKey });
      }
    }
  };

  const add = (id: string, delta: IncidentChange) => {
    last_id = id;
    const known = buffer.get(delta.id);
    if (known === undefined || known.version < delta.version) buffer.set(delta.id, delta);
    if (!isScheduled) setTimeout(flush, gather_ms);
    isScheduled = true;
  };

  return { add };
}

function patchLists(client: QueryClient, deltas: readonly IncidentChange[]) {
  for (const [key, data] of client.getQueriesData<InfiniteData<IncidentPage>>({ queryKey: ["incidents"] })) {
    if (data === undefined) continue;
    const isEmpty = data.pages.every((page) => page.items.length === 0);
    // Nothing stands there that could jump: an empty queue fills itself.
    if (isEmpty) void client.invalidateQueries({ queryKey: key }, { cancelRefetch: false });
    else client.setQueryData(key, patchPages(data, deltas));
  }
}
