import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Download } from "lucide-react";
import { coverageQuery } from "@/api/rule-queries";
import type { Coverage } from "@/api/rule-types";
import { formatCount, humanise, plural } from "@/lib/format";
import { saveJson } from "@/lib/save";
import { Button } from "@/ui/button";
import { Empty } from "@/ui/empty";
import { ProblemView } from "@/ui/problem";
import { SeverityShape } from "@/ui/severity";
import { SkeletonRows } from "@/ui/skeleton";
import { type CoverageColumn, type CoveredTechnique, coverageColumns } from "./coverage";

export function CoverageView() {
  const query = useQuery(coverageQuery);
  if (query.isPending) return <SkeletonRows rows={8} label="Loading the coverage" />;
  if (query.isError && query.data === undefined) {
    return <ProblemView error={query.error} onRetry={() => query.refetch()} />;
  }
  const columns = coverageColumns(query.data);
  if (columns.length === 0) {
    return (
      <Empty title="No rule names a technique">
        <p>Techniques come from the tags of rules, attack.t1110 for one.</p>
      </Empty>
    );
  }
  return (
    <div className="flex min-h-0 flex-1 flex-col gap-3 p-4">
      <Summary coverage={query.data} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section aria-label="Techniques by tactic" tabIndex={0} className="min-h-0 flex-1 overflow-auto">
        <div className="flex w-max min-w-full items-start gap-2 pb-2">
          {columns.map((column) => (
            <Column key={column.tactic ?? ""} column={column} />
          ))}
        </div>
      </section>
    </div>
  );
}

function Summary({ coverage }: { coverage: Coverage }) {
  const covered = Object.values(coverage.techniques).filter((technique) => technique.rules > 0).length;
  return (
    <div className="flex shrink-0 flex-wrap items-center gap-x-4 gap-y-2 text-xs">
      <p>
        <span className="font-semibold">{plural(covered, "technique")}</span> covered by{" "}
        {plural(coverage.rules, "rule")} in force
        {coverage.disabled > 0 ? `; ${plural(coverage.disabled, "rule")} disabled` : ""}
      </p>
      {coverage.only_disabled.length > 0 ? (
        <p className="flex flex-wrap items-center gap-1.5 text-high">
          Covered by disabled rules only:
          {coverage.only_disabled.map((id) => (
            <Link
              key={id}
              to="/rules"
              search={{ technique: id }}
              className="font-mono underline underline-offset-2"
            >
              {id}
            </Link>
          ))}
        </p>
      ) : null}
      <Button
        size="small"
        className="ml-auto"
        onClick={() => saveJson("sentra-attack-layer.json", coverage.navigator)}
      >
        <Download size={12} aria-hidden />
        ATT&CK Navigator layer
      </Button>
    </div>
  );
}

function Column({ column }: { column: CoverageColumn }) {
  const name = column.tactic === undefined ? "No tactic" : humanise(column.tactic);
  return (
    <section aria-label={name} className="w-40 shrink-0 rounded-lg border border-line bg-surface">
      <header className="border-b border-line px-3 py-2">
        <h2 className="text-xs leading-4 font-semibold">{name}</h2>
        <p className="text-2xs text-dim tabular-nums">
          {plural(column.techniques.length, "technique")}, {plural(column.rules, "rule")}
        </p>
      </header>
      <ul className="flex flex-col p-1">
        {column.techniques.map((technique) => (
          <li key={technique.id}>
            <TechniqueLink technique={technique} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function TechniqueLink({ technique: { id, rules, disabled, worst } }: { technique: CoveredTechnique }) {
  const more = disabled > 0 ? `, and ${formatCount(disabled)} disabled` : "";
  const level = worst === null ? "" : `, at worst ${worst}`;
  const words = `${id}: ${plural(rules, "rule")}${level}${more}`;
  return (
    <Link
      to="/rules"
      search={{ technique: id }}
      aria-label={words}
      title={words}
      className="flex h-6 items-center gap-1.5 rounded px-2 text-xs hover:bg-hover"
    >
      {worst === null ? null : <SeverityShape severity={worst} size={10} />}
      <span className="font-mono">{id}</span>
      <span className="ml-auto text-dim tabular-nums">{formatCount(rules)}</span>
    </Link>
  );
}
