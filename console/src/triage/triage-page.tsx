import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { triageQuery } from "@/api/queries";
import { ProblemView } from "@/ui/problem";
import { SkeletonLines } from "@/ui/skeleton";
import { Agreement } from "./agreement";
import { Models } from "./models";
import { RiskyEntities } from "./risky-entities";
import { Suppressions } from "./suppressions";

const route = getRouteApi("/triage");

/** What the platform thinks of entities, what is kept back, whether it can be believed, and what it learns. */
export function TriagePage() {
  const view = route.useSearch();
  const navigate = route.useNavigate();
  const query = useQuery(triageQuery);
  if (query.isPending) return <SkeletonLines lines={12} label="Loading triage" />;
  if (query.data === undefined) {
    return <ProblemView error={query.error} onRetry={() => query.refetch()} />;
  }
  const { entities, suppressions, feedback } = query.data;
  return (
    <div className="h-full overflow-auto">
      <title>Triage · Sentra</title>
      <div className="mx-auto flex max-w-7xl flex-col gap-4 p-4">
        <div className="flex flex-wrap items-baseline gap-x-3">
          <h1 className="text-base font-semibold">Triage</h1>
          <span className="text-xs text-dim">
            who is at risk, what is kept back, how far people and platform agree, and what the platform learns
          </span>
        </div>
        <RiskyEntities
          entities={entities}
          type={view.type}
          onType={(type) => navigate({ search: type === undefined ? {} : { type }, replace: true })}
        />
        <Suppressions suppressions={suppressions} />
        <Agreement feedback={feedback ?? undefined} />
        <Models />
      </div>
    </div>
  );
}
