import { problemOf } from "@/api/client";
import { sentence } from "@/lib/format";
import { ProblemView } from "@/ui/problem";
import { placeOf } from "./query-place";

/** The server says the place in words too; here it is drawn. */
const place_prefix = /^line \d+, column \d+: /;

interface QueryProblemProps {
  error: unknown;
  text: string;
  onRetry: () => void;
}

/** A query that cannot be read is shown with a mark under the place where reading stopped. */
export function QueryProblem({ error, text, onRetry }: QueryProblemProps) {
  const problem = problemOf(error);
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
