import { useQuery } from "@tanstack/react-query";
import { estimateQuery } from "@/api/query-queries";
import type { CostEstimate, TextProblem } from "@/api/query-types";
import { cn } from "@/lib/cn";
import { formatBytes, formatCompact, milliseconds, plural, sentence } from "@/lib/format";
import { useSettled } from "@/lib/use-settled";
import { Button } from "@/ui/button";
import { placeOf } from "./query-place";

const settle_ms = 400;
const word = /^[A-Za-z_][\w-]*$/;

interface QueryHintProps {
  draft: string;
  problems: TextProblem[];
  /** Whether the draft is what was asked: then its cost is known from the answer. */
  isAsked: boolean;
  onFix: (problem: TextProblem, word: string) => void;
  onRun: (text: string) => void;
}

/** Below the box while it is written: what is wrong, or what it will cost. */
export function QueryHint({ draft, problems, isAsked, onFix, onRun }: QueryHintProps) {
  const settled = useSettled(draft.trim(), settle_ms);
  const cost = useQuery({ ...estimateQuery(settled), enabled: settled !== "" && !isAsked });
  const problem = problems.find((each) => each.severity === "error") ?? problems[0];
  if (problem !== undefined) {
    const { line, column } = placeOf(draft, problem.from);
    const hint = problem.hint ?? "";
    return (
      <p
        role="status"
        className={cn(
          "mt-2 flex items-center gap-2 text-xs",
          problem.severity === "error" ? "text-high" : "text-text",
        )}
      >
        <span>
          {sentence(problem.message)}{" "}
          <span className="text-dim">
            (line {line}, column {column})
          </span>
        </span>
        {word.test(hint) ? (
          <Button size="small" onClick={() => onFix(problem, hint)}>
            Write {hint}
          </Button>
        ) : (
          <span className="text-dim">{hint}</span>
        )}
      </p>
    );
  }
  const known = cost.data;
  if (known === undefined || isAsked || settled !== draft.trim()) return null;
  const { cheaper } = known;
  return (
    <div role="status" className="mt-2 flex flex-wrap items-center gap-2 text-xs text-dim">
      {known.understood === settled ? null : (
        <span className="truncate">
          Read as <code className="font-mono text-text">{known.understood}</code>
        </span>
      )}
      <CostWords cost={known.estimate} />
      {known.allowed ? null : <span className="text-high">More than may be asked at once.</span>}
      {known.allowed || cheaper === null || cheaper === undefined ? null : (
        <Button size="small" onClick={() => onRun(cheaper)}>
          Ask <code className="font-mono">{cheaper}</code>
        </Button>
      )}
    </div>
  );
}

export function CostWords({ cost }: { cost: CostEstimate }) {
  return (
    <span className="tabular-nums">
      about {formatCompact(cost.rows)} rows, {formatBytes(cost.bytes)} in {plural(cost.segments, "segment")},{" "}
      {milliseconds(cost.expected_ms)} ({milliseconds(cost.low_ms)} to {milliseconds(cost.high_ms)})
    </span>
  );
}
