import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useRef } from "react";
import { incidentsQuery } from "@/api/queries";
import { markListLoaded } from "@/api/stream";
import { useCommands } from "@/lib/commands";
import { useList } from "@/lib/use-list";
import { ProblemView } from "@/ui/problem";
import { SkeletonRows } from "@/ui/skeleton";
import { NewIncidents } from "./new-incidents";
import { QueueEmpty } from "./queue-empty";
import { QueueFilterBar } from "./queue-filters";
import { QueueHeader, QueueRow, row_height } from "./queue-row";

const route = getRouteApi("/incidents");

export function QueuePage() {
  const filters = route.useSearch();
  const navigate = route.useNavigate();
  const searchBox = useRef<HTMLInputElement>(null);
  const query = useInfiniteQuery({
    ...incidentsQuery(filters),
    // Rows change place only when the reader asks: `n` reloads, the live stream rewrites rows where they stand.
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: keepPreviousData,
  });
  const incidents = query.data?.pages.flatMap((page) => page.items) ?? [];
  const total = query.data?.pages[0]?.total ?? 0;
  const list = useList({
    count: incidents.length,
    row_height,
    name: `queue ${JSON.stringify(filters)}`,
    onEnd: () => {
      if (query.hasNextPage && !query.isFetchingNextPage) void query.fetchNextPage();
    },
  });

  const openRow = (index: number) => {
    const id = incidents[index]?.id;
    if (id !== undefined) void navigate({ to: "/incidents/$id", params: { id } });
  };
  const reload = async () => {
    markListLoaded();
    await query.refetch();
    list.focusRow(0);
  };

  useCommands([
    { id: "next", title: "Next incident", group: "Queue", keys: ["j", "arrowdown"], run: () => list.move(1) },
    {
      id: "previous",
      title: "Previous incident",
      group: "Queue",
      keys: ["k", "arrowup"],
      run: () => list.move(-1),
    },
    {
      id: "open",
      title: "Open incident",
      group: "Queue",
      keys: ["enter", "o"],
      run: () => openRow(list.active),
    },
    { id: "new", title: "Show new incidents", group: "Queue", keys: ["n"], run: reload },
    {
      id: "filter",
      title: "Filter incidents by text",
      group: "Queue",
      keys: ["/"],
      run: () => searchBox.current?.select(),
    },
    {
      id: "clear",
      title: "Clear all filters",
      group: "Queue",
      keys: ["x"],
      run: () => navigate({ search: {} }),
    },
  ]);

  return (
    <div className="flex h-full flex-col">
      <title>{`Incidents (${total}) · Sentra`}</title>
      <QueueFilterBar
        filters={filters}
        total={query.isSuccess ? total : null}
        searchBox={searchBox}
        onChange={(next) => navigate({ search: next, replace: true })}
      />
      <NewIncidents incidents={incidents} filters={filters} onShow={reload} />
      {query.isPending ? <SkeletonRows rows={12} label="Loading incidents" /> : null}
      {query.isError ? <ProblemView error={query.error} onRetry={() => query.refetch()} /> : null}
      {query.isSuccess && incidents.length === 0 ? (
        <QueueEmpty isFiltered={Object.keys(filters).length > 0} onClear={() => navigate({ search: {} })} />
      ) : null}
      {incidents.length > 0 ? (
        <div
          role="table"
          aria-label="Incidents"
          aria-rowcount={total + 1}
          className="flex min-h-0 flex-1 flex-col"
        >
          <QueueHeader />
          <div
            ref={list.container}
            role="rowgroup"
            onKeyDown={list.onKeyDown}
            className="min-h-0 flex-1 overflow-auto bg-surface [scrollbar-gutter:stable]"
          >
            <div className="relative" style={{ height: list.virtualizer.getTotalSize() }}>
              {list.virtualizer.getVirtualItems().map((row) => {
                const incident = incidents[row.index];
                if (incident === undefined) return null;
                return (
                  <QueueRow
                    key={incident.id}
                    incident={incident}
                    index={row.index}
                    top={row.start}
                    isActive={row.index === list.active}
                    onFocus={() => list.setActive(row.index)}
                  />
                );
              })}
            </div>
          </div>
        </div>
      ) : null}
    </div>
  );
}
