import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useMemo, useRef, useState } from "react";
import { searchQuery } from "@/api/query-queries";
import { EventView } from "@/evidence/event-view";
import { useCommands } from "@/lib/commands";
import { SkeletonRows } from "@/ui/skeleton";
import { AnswerChart } from "./answer-chart";
import { AnswerParts } from "./answer-parts";
import { withoutEmpty } from "./cells";
import { QueryBox } from "./query-box";
import { QueryProblem } from "./query-problem";
import { ResultBar } from "./result-bar";
import { ResultTable } from "./result-table";
import { SearchIntro } from "./search-intro";

const route = getRouteApi("/search");

/** How the answer to a question was turned: to another engine, to a later page. */
interface Turned {
  text: string;
  engine?: string | undefined;
  cursor?: string | undefined;
  /** Rows of the pages before. */
  before: number;
}

export function SearchPage() {
  const view = route.useSearch();
  const navigate = route.useNavigate();
  const box = useRef<HTMLTextAreaElement>(null);
  const text = view.q ?? "";
  const client = useQueryClient();
  const [turned, setTurned] = useState<Turned>({ text: "", before: 0 });
  // Engine and page belong to one question: another one begins anew.
  const { engine, cursor, before } = turned.text === text ? turned : { before: 0 };
  const asked = searchQuery({ text, engine, cursor });
  const query = useQuery(asked);

  const isStopped = text !== "" && query.fetchStatus === "idle" && query.isPending;
  const result = useMemo(() => (query.data === undefined ? null : withoutEmpty(query.data)), [query.data]);

  const run = (next: string) => {
    const isSame = next === text;
    setTurned({ text: next, before: 0 });
    void navigate({ search: { q: next } });
    // The same words again ask again: events may have arrived.
    if (isSame && next !== "") void query.refetch();
  };
  const stop = () => client.cancelQueries({ queryKey: asked.queryKey });
  const showEvent = (event: string | undefined) => navigate({ search: { ...view, event }, replace: true });

  useCommands([
    { id: "query", title: "Edit the query", group: "Search", keys: ["/"], run: () => box.current?.focus() },
    { id: "rerun", title: "Run the query again", group: "Search", keys: ["r"], run: () => run(text) },
  ]);

  return (
    <div className="flex h-full flex-col">
      <title>Event search · Sentra</title>
      <h1 className="sr-only">Event search</h1>
      <QueryBox text={text} box={box} isRunning={query.isFetching} onRun={run} onStop={() => void stop()} />
      {text === "" ? <SearchIntro onRun={run} /> : null}
      {query.isError ? (
        <QueryProblem error={query.error} text={text} onRetry={() => run(text)} onRun={run} />
      ) : null}
      {isStopped ? (
        <p role="status" className="p-4 text-dim">
          Stopped. Run asks again.
        </p>
      ) : null}
      {query.isLoading ? <SkeletonRows rows={10} label="Searching" /> : null}
      {result !== null ? (
        <>
          <ResultBar
            answer={result.shown}
            text={text}
            empty={result.empty}
            before={before}
            onEdit={run}
            onEngine={(next) => setTurned({ text, before: 0, engine: next })}
            onMore={(next) =>
              setTurned({ text, engine, cursor: next, before: before + result.shown.rows.length })
            }
          />
          {result.shown.parts ? <AnswerParts parts={result.shown.parts} /> : null}
          <AnswerChart answer={result.shown} />
          <div
            className="grid min-h-0 flex-1 grid-cols-1 data-open:lg:grid-cols-[minmax(0,1fr)_clamp(400px,36vw,640px)]"
            data-open={view.event ? "" : undefined}
          >
            <ResultTable key={`${text} ${before}`} answer={result.shown} onOpen={showEvent} />
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
