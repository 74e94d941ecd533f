import { useQuery } from "@tanstack/react-query";
import { enginesQuery } from "@/api/queries";
import type { EngineState, EngineStatus } from "@/api/types";
import { formatCount, humanise, milliseconds } from "@/lib/format";
import { Badge } from "@/ui/badge";
import { Panel } from "@/ui/panel";
import { ProblemNote } from "@/ui/problem-note";
import { SimpleTable } from "@/ui/simple-table";

const tones = { well: "good", slow: "warning", full: "warning", failing: "bad" } as const satisfies Record<
  EngineState,
  string
>;

/** Who answers questions, and who of them cannot do so as it should. */
export function Engines() {
  const query = useQuery(enginesQuery);
  const engines = query.data?.engines ?? [];
  return (
    <Panel title="Engines" aside={formatCount(engines.length)}>
      {query.isError ? (
        <div className="p-4">
          <ProblemNote error={query.error} />
        </div>
      ) : null}
      {engines.length > 0 ? (
        <SimpleTable
          label="Engines"
          columns={["Engine", "State", "Why", "Calls", "Usual time"]}
          numeric={[3, 4]}
          rows={engines.map((engine) => ({ key: engine.name, cells: cellsOf(engine) }))}
        />
      ) : null}
    </Panel>
  );
}

function cellsOf({ name, state, why, calls, usual_ms }: EngineStatus) {
  return [
    name,
    <Badge key="state" tone={tones[state]}>
      {humanise(state)}
    </Badge>,
    why,
    formatCount(calls),
    calls > 0 ? milliseconds(usual_ms) : "–",
  ];
}
