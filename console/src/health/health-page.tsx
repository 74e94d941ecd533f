import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { rulesQuery, statusQuery } from "@/api/queries";
import { useStream } from "@/api/stream";
import { Panel } from "@/ui/panel";
import { ProblemView } from "@/ui/problem";
import { SkeletonLines } from "@/ui/skeleton";
import { DeadLetters } from "./dead-letters";
import { Engines } from "./engines";
import { Listeners } from "./listeners";
import { Marts } from "./marts";
import { Rollups } from "./rollups";
import { RuleProblems } from "./rule-problems";
import { Tiles } from "./tiles";

// The chart library is a fifth of the whole shell: only this page pays for it.
const Throughput = lazy(() => import("./throughput"));

export function HealthPage() {
  const query = useQuery(statusQuery);
  const rules = useQuery(rulesQuery);
  const live = useStream((state) => state.pipeline);
  if (query.isPending) return <SkeletonLines lines={12} label="Loading health" />;
  if (query.isError && query.data === undefined) {
    return <ProblemView error={query.error} onRetry={() => query.refetch()} />;
  }
  const status = query.data;
  return (
    <div className="h-full overflow-auto">
      <title>Health · Sentra</title>
      <div className="mx-auto flex max-w-7xl flex-col gap-4 p-4">
        <div className="flex items-baseline gap-3">
          <h1 className="text-base font-semibold">Health</h1>
          <span className="text-xs text-dim">
            Sentra {status.version}, schema {status.schema_version}, tenant {status.tenant}
          </span>
        </div>
        <Tiles pipeline={live ?? status.pipeline} rules={status.rules} started={status.started} />
        <Suspense
          fallback={
            <Panel title="Throughput" className="h-72">
              <SkeletonLines lines={6} label="Loading the chart" />
            </Panel>
          }
        >
          <Throughput />
        </Suspense>
        <Marts />
        <Rollups />
        <Engines />
        <Listeners listeners={status.listeners} />
        <DeadLetters counts={status.dead_letters} />
        <RuleProblems problems={rules.data?.problems ?? []} loaded={status.rules.loaded} />
      </div>
    </div>
  );
}
