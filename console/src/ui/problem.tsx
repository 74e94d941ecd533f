import { problemOf } from "@/api/client";
import { sentence } from "@/lib/format";
import { Button } from "./button";
import { Empty } from "./empty";

/** What went wrong, and what to do next. */
export function ProblemView({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const problem = problemOf(error);
  return (
    <div role="alert">
      <Empty title={sentence(problem.title)}>
        <p>{sentence(problem.detail)}</p>
        {problem.next ? <p className="mt-2">{sentence(problem.next)}</p> : null}
        {onRetry ? (
          <Button className="mt-4" onClick={onRetry}>
            Try again
          </Button>
        ) : null}
      </Empty>
    </div>
  );
}
