import type { Answer } from "@/api/types";
import { formatCount, formatDuration, humanise, plural } from "@/lib/format";
import { Badge } from "@/ui/badge";

const notes: Partial<Record<Answer["status"], string>> = {
  partial: "Not everything could be searched: there may be more.",
  stale: "The newest events may be missing.",
};

/** What was asked of which engine, how it went, and how long it took. */
export function ResultBar({ answer, empty }: { answer: Answer; empty: string[] }) {
  const note = notes[answer.status];
  return (
    <div
      role="status"
      className="flex shrink-0 flex-wrap items-center gap-3 border-b border-line bg-surface px-4 py-2 text-xs text-dim"
    >
      <span className="font-medium text-text tabular-nums">{plural(answer.rows.length, "row")}</span>
      <Badge tone={answer.status === "complete" ? "good" : "warning"}>{humanise(answer.status)}</Badge>
      <span className="tabular-nums">{elapsed(answer.elapsed_ms)}</span>
      <span title={answer.route.reason}>
        {answer.route.intent} → {answer.route.engine}
      </span>
      <span className="truncate">{answer.route.reason}</span>
      {empty.length > 0 ? (
        <span className="ml-auto truncate" title={`Empty in every row: ${empty.join(", ")}`}>
          {plural(empty.length, "empty column")} hidden
        </span>
      ) : null}
      {note ? <span className="text-high">{note}</span> : null}
    </div>
  );
}

const elapsed = (milliseconds: number) =>
  milliseconds < 1_000
    ? `${formatCount(Math.round(milliseconds * 10) / 10)} ms`
    : formatDuration(milliseconds);
