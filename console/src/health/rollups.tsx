import { useQuery } from "@tanstack/react-query";
import { rollupsQuery } from "@/api/mart-queries";
import type { RollupItem } from "@/api/mart-types";
import { formatBytes, formatCount } from "@/lib/format";
import { Panel } from "@/ui/panel";
import { ProblemNote } from "@/ui/problem-note";
import { SimpleTable } from "@/ui/simple-table";

/** Declared aggregates: what they hold, what they have not counted yet, and how often they answered. */
export function Rollups() {
  const query = useQuery(rollupsQuery);
  const rollups = query.data?.rollups ?? [];
  if (query.isSuccess && rollups.length === 0) return null;
  return (
    <Panel title="Rollups" aside={formatCount(rollups.length)}>
      {query.isError ? (
        <div className="p-4">
          <ProblemNote error={query.error} />
        </div>
      ) : null}
      {rollups.length > 0 ? (
        <SimpleTable
          label="Rollups"
          columns={["Rollup", "Mart", "By", "Every", "Rows", "Size", "Events", "Waiting", "Answers"]}
          numeric={[4, 5, 6, 7, 8]}
          rows={rollups.map((rollup) => ({ key: rollup.definition.name, cells: cellsOf(rollup) }))}
        />
      ) : null}
    </Panel>
  );
}

function cellsOf({ definition, stats }: RollupItem) {
  return [
    definition.name,
    definition.mart,
    <code key="by" className="font-mono wrap-anywhere">
      {definition.keys?.join(", ")}
    </code>,
    definition.grain,
    formatCount(stats.rows),
    formatBytes(stats.bytes),
    formatCount(stats.events),
    formatCount(stats.events_pending),
    formatCount(stats.answers),
  ];
}
