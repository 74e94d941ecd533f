import { problemOf } from "@/api/client";
import type { CostProblem } from "@/api/query-types";
import { sentence } from "@/lib/format";
import { Button } from "@/ui/button";
import { ProblemView } from "@/ui/problem";
import { CostWords } from "./query-hint";
import { placeOf } from "./query-place";

/** The server says the place in words too; here it is drawn. */
const place_prefix = /^line \d+, column \d+: /;

interface QueryProblemProps {
  error: unknown;
  text: string;
  onRetry: () => void;
  onRun: (text: string) => void;
}

/** A query that cannot be read is shown with a mark under the place where reading stopped. */
export function QueryProblem({ error, text, onRetry, onRun }: QueryProblemProps) {
  const problem: CostProblem = problemOf(error);
  if (problem.estimate) return <TooExpensive problem={problem} onRun={onRun} />;
  if (problem.position === undefined || problem.position === null)
    return <ProblemView error={error} onRetry={onRetry} />;
  const place = placeOf(text, problem.position);
  return (
    <div role="alert" className="m-4 rounded-lg border border-critical/50 bg-surface p-4">
      <h2 className="font-semibold text-critical">{sentence(problem.title)}</h2>
      <pre className="my-3 overflow-auto rounded-md bg-canvas p-3 font-mono text-sm leading-5">
        {place.line_text}
        {"\n"}
        <span className="font-bold text-critical">{place.marker}</span>
      </pre>
      <p>
        {sentence(problem.detail.replace(place_prefix, ""))}{" "}
        <span className="text-dim">
          (line {place.line}, column {place.column})
        </span>
      </p>
      {problem.next ? <p className="mt-1 text-dim">{sentence(problem.next)}</p> : null}
    </div>
  );
}

/** Refused before it ran: what it would cost, and the same in a form that may be asked. */
function TooExpensive({ problem, onRun }: { problem: CostProblem; onRun: (text: string) => void }) {
  const { estimate, cheaper } = problem;
  return (
    <div role="alert" className="m-4 rounded-lg border border-high/50 bg-surface p-4">
      <h2 className="font-semibold text-high">{sentence(problem.title)}</h2>
      <p className="mt-2">{sentence(problem.detail)}</p>
      {estimate ? (
        <p className="mt-1 text-dim">
          It would read <CostWords cost={estimate} />.
        </p>
      ) : null}
      {problem.next ? <p className="mt-1 text-dim">{sentence(problem.next)}</p> : null}
      {cheaper ? (
        <Button className="mt-3" onClick={() => onRun(cheaper)}>
          Ask <code className="font-mono text-xs">{cheaper}</code>
        </Button>
      ) : null}
    </div>
  );
}
