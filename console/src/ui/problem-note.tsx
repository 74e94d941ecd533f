import { problemOf } from "@/api/client";
import { sentence } from "@/lib/format";
import { VisibleText } from "./visible-text";

/** What went wrong with a part of the page, where the rest of it stays. */
export function ProblemNote({ error }: { error: unknown }) {
  const problem = problemOf(error);
  return (
    <div role="alert" className="rounded-md border border-critical/50 bg-surface px-3 py-2 text-xs">
      <p className="font-semibold text-critical">{sentence(problem.title)}</p>
      <p className="wrap-anywhere">
        <VisibleText text={sentence(problem.detail)} />
      </p>
      {problem.next ? (
        <p className="text-dim">
          <VisibleText text={sentence(problem.next)} />
        </p>
      ) : null}
    </div>
  );
}
