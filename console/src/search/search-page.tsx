import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useMemo, useRef } from "react";
import { searchQuery } from "@/api/queries";
import { EventView } from "@/evidence/event-view";
import { useCommands } from "@/lib/commands";
import { SkeletonRows } from "@/ui/skeleton";
import { withoutEmpty } from "./cells";
import { QueryBox } from "./query-box";
import { QueryProblem } from "./query-problem";
import { ResultBar } from "./result-bar";
import { ResultTable } from "./result-table";
import { SearchIntro } from "./search-intro";

const route = getRouteApi("/search");

export function SearchPage() {
  const view = route.useSearch();
  const navigate = route.useNavigate();
  const box = useRef<HTMLTextAreaElement>(null);
  const text = view.q ?? "";
  const query = useQuery(searchQuery(text));

  const result = useMemo(() => (query.data === undefined ? null : withoutEmpty(query.data)), [query.data]);

  const run = (next: string) => {
    const isSame = next === text;
    void navigate({ search: { q: next } });
    // The same words again ask again: events may have arrived.
    if (isSame && next !== "") void query.refetch();
  };
  const showEvent = (event: string | undefined) => navigate({ search: { ...view, event }, replace: true });

  useCommands([
    { id: "query", title: "Edit the query", group: "Search", keys: ["/"], run: () => box.current?.focus() },
    { id: "rerun", title: "Run the query again", group: "Search", keys: ["r"], run: () => run(text) },
  ]);

  return (
    <div className="flex h-full flex-col">
      <title>Event search · Sentra</title>
      <h1 className="sr-only">Event search</h1>
      <QueryBox text={text} box={box} isRunning={query.isFetching} onRun={run} />
      {text === "" ? <SearchIntro onRun={run} /> : null}
      {query.isError ? <QueryProblem error={query.error} text={text} onRetry={() => run(text)} /> : null}
      {query.isLoading ? <SkeletonRows rows={10} label="Searching" /> : null}
      {result !== null ? (
        <>
          <ResultBar answer={result.shown} empty={result.empty} />
          <div
            className="grid min-h-0 flex-1 grid-cols-1 data-open:lg:grid-cols-[minmax(0,1fr)_clamp(400px,36vw,640px)]"
            data-open={view.event ? "" : undefined}
          >
            <ResultTable key={text} answer={result.shown} onOpen={showEvent} />
            {view.event === undefined ? null : (
              <aside aria-label="Event" className="min-h-0 border-l border-line bg-surface">
                <EventView key={view.event} id={view.event} onClose={() => showEvent(undefined)} />
              </aside>
            )}
          </div>
        </>
      ) : null}
    </div>
  );
}
