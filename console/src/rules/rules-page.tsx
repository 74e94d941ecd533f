import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useMemo, useRef } from "react";
import { rulesQuery } from "@/api/queries";
import { tuningQuery } from "@/api/rule-queries";
import { useNow } from "@/lib/clock";
import { useCommands } from "@/lib/commands";
import { step } from "@/lib/keys";
import type { RulesView } from "@/lib/url-state";
import { useList } from "@/lib/use-list";
import { ProblemView } from "@/ui/problem";
import { SkeletonRows } from "@/ui/skeleton";
import { CoverageView } from "./coverage-view";
import { RuleAside } from "./rule-aside";
import { filtersOf, RuleFilterBar } from "./rule-filters";
import { filterRules, indexTuning, listRules, packsOf, sortRules } from "./rule-list";
import { rule_row_height } from "./rule-row";
import { RuleTable } from "./rule-table";
import { RulesEmpty } from "./rules-empty";

const route = getRouteApi("/rules");

const sort_next = {
  matches: { title: "Sort by level", sort: "level" },
  level: { title: "Sort by cost", sort: "cost" },
  cost: { title: "Sort by matches", sort: undefined },
} as const;

export function RulesPage() {
  const view = route.useSearch();
  const navigate = route.useNavigate();
  const searchBox = useRef<HTMLInputElement>(null);
  // Rows change place only when the reader asks: `r` reloads.
  const query = useQuery({ ...rulesQuery, staleTime: Number.POSITIVE_INFINITY, refetchOnMount: "always" });
  const tuning = useQuery(tuningQuery);
  const now = useNow();

  const rules = query.data?.rules;
  const listed = useMemo(() => listRules(rules ?? []), [rules]);
  const packs = useMemo(() => packsOf(rules ?? []), [rules]);
  const index = useMemo(() => indexTuning(tuning.data, now), [tuning.data, now]);
  const { q, level, kind, pack, state, technique, sort } = view;
  const shown = useMemo(
    () => sortRules(filterRules(listed, { q, level, kind, pack, state, technique }, index), sort),
    [listed, index, q, level, kind, pack, state, technique, sort],
  );
  const list = useList({
    count: shown.length,
    row_height: rule_row_height,
    name: `rules ${JSON.stringify([filtersOf(view), sort])}`,
  });

  const change = (values: Partial<RulesView>) => navigate({ search: { ...view, ...values }, replace: true });
  const clear = () => navigate({ search: { sort, rule: view.rule } });
  const openRow = (at: number) => {
    const rule = shown[at]?.rule.id;
    if (rule === undefined) return;
    list.setActive(at);
    void change({ rule, event: undefined });
  };
  const openBy = (by: number) => {
    const at = shown.findIndex(({ rule }) => rule.id === view.rule);
    openRow(at < 0 ? list.active : step(at, by, shown.length));
  };
  const close = async () => {
    await change({ rule: undefined, event: undefined });
    list.focusRow(list.active);
  };
  const isCoverage = view.show === "coverage";

  useCommands([
    ...(isCoverage
      ? []
      : [
          {
            id: "next",
            title: "Next rule",
            group: "Rules",
            keys: ["j", "arrowdown"],
            run: () => list.move(1),
          },
          {
            id: "previous",
            title: "Previous rule",
            group: "Rules",
            keys: ["k", "arrowup"],
            run: () => list.move(-1),
          },
          {
            id: "open",
            title: "Open rule",
            group: "Rules",
            keys: ["enter", "o"],
            run: () => openRow(list.active),
          },
          { id: "open-next", title: "Open the next rule", group: "Rules", keys: ["]"], run: () => openBy(1) },
          {
            id: "open-previous",
            title: "Open the previous rule",
            group: "Rules",
            keys: ["["],
            run: () => openBy(-1),
          },
          {
            id: "sort",
            title: sort_next[sort ?? "matches"].title,
            group: "Rules",
            keys: ["s"],
            run: () => change({ sort: sort_next[sort ?? "matches"].sort }),
          },
          {
            id: "filter",
            title: "Filter rules by text",
            group: "Rules",
            keys: ["/"],
            run: () => searchBox.current?.select(),
          },
          { id: "clear", title: "Clear all filters", group: "Rules", keys: ["x"], run: clear },
          {
            id: "reload",
            title: "Load the rules again",
            group: "Rules",
            keys: ["r"],
            run: () => void Promise.all([query.refetch(), tuning.refetch()]),
          },
        ]),
    {
      id: "coverage",
      title: isCoverage ? "Show the list of rules" : "Show the ATT&CK coverage",
      group: "Rules",
      keys: ["v"],
      run: () => change({ show: isCoverage ? undefined : "coverage" }),
    },
  ]);

  const open = rules?.find((rule) => rule.id === view.rule);
  return (
    <div className="flex h-full flex-col">
      <title>Rules · Sentra</title>
      <RuleFilterBar
        view={view}
        packs={packs}
        count={
          rules === undefined ? null : { shown: isCoverage ? rules.length : shown.length, all: rules.length }
        }
        problems={query.data?.problems.length ?? 0}
        searchBox={searchBox}
        onChange={change}
        onClear={clear}
      />
      {isCoverage ? (
        <CoverageView />
      ) : (
        <div
          className="grid min-h-0 flex-1 grid-cols-1 data-open:lg:grid-cols-[minmax(0,1fr)_clamp(420px,42vw,720px)]"
          data-open={view.rule ? "" : undefined}
        >
          <div
            className="flex min-h-0 flex-col data-open:max-lg:hidden"
            data-open={view.rule ? "" : undefined}
          >
            {query.isPending ? <SkeletonRows rows={12} label="Loading rules" /> : null}
            {query.isError && rules === undefined ? (
              <ProblemView error={query.error} onRetry={() => query.refetch()} />
            ) : null}
            {rules !== undefined && shown.length === 0 ? (
              <RulesEmpty isFiltered={rules.length > 0} onClear={clear} />
            ) : null}
            {shown.length > 0 ? (
              <RuleTable
                shown={shown}
                view={view}
                list={list}
                tuning={index}
                onSort={(by) => change({ sort: by })}
              />
            ) : null}
          </div>
          {view.rule === undefined ? null : (
            <RuleAside
              id={view.rule}
              rule={open}
              problems={query.data?.problems ?? []}
              isLoading={query.isPending}
              tuning={tuning}
              event={view.event}
              onEvent={(event) => change({ event })}
              onClose={() => void close()}
            />
          )}
        </div>
      )}
    </div>
  );
}
