import type { RuleProblem } from "@/api/types";
import { formatCount, plural } from "@/lib/format";
import { Badge } from "@/ui/badge";
import { Panel } from "@/ui/panel";
import { SimpleTable } from "@/ui/simple-table";

const shown_max = 200;

export function RuleProblems({ problems, loaded }: { problems: RuleProblem[]; loaded: number }) {
  const rest = problems.length - shown_max;
  return (
    <Panel title="Rule problems" aside={`${plural(loaded, "rule")} loaded`}>
      {problems.length === 0 ? (
        <p className="p-4 text-dim">Every rule compiles.</p>
      ) : (
        <SimpleTable
          label="Rule problems"
          columns={["Severity", "Rule", "Message", "Place"]}
          rows={problems.slice(0, shown_max).map((problem) => ({
            key: `${problem.path}:${problem.line}:${problem.message}`,
            cells: [
              <Badge key="severity" tone={problem.severity === "error" ? "bad" : "warning"}>
                {problem.severity}
              </Badge>,
              problem.rule ?? "–",
              problem.message,
              <span key="place" className="font-mono break-all text-dim">
                {problem.path}:{problem.line}
              </span>,
            ],
          }))}
        />
      )}
      {rest > 0 ? <p className="px-4 py-2 text-xs text-dim">and {formatCount(rest)} more</p> : null}
    </Panel>
  );
}
