import { Pencil } from "lucide-react";
import type { FullAnswer } from "@/api/query-types";
import { formatCount, humanise, milliseconds, plural } from "@/lib/format";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { AnswerMenu } from "./answer-menu";
import { RouteDetails } from "./route-details";

const notes: Partial<Record<FullAnswer["status"], string>> = {
  partial: "Not everything could be searched: there may be more.",
  stale: "The newest events may be missing.",
};

interface ResultBarProps {
  answer: FullAnswer;
  text: string;
  empty: string[];
  /** Rows of the pages before this one. */
  before: number;
  onEdit: (text: string) => void;
  onEngine: (engine: string) => void;
  onMore: ((cursor: string) => void) | undefined;
}

/** What was understood, which engine answered, how it went, how long it took, and what can be done with it. */
export function ResultBar({ answer, text, empty, before, onEdit, onEngine, onMore }: ResultBarProps) {
  const note = answer.status_detail?.why ?? notes[answer.status];
  const cursor = answer.next_cursor;
  const rows = plural(answer.rows.length, "row");
  return (
    <div className="shrink-0 border-b border-line bg-surface px-4 py-2 text-xs text-dim">
      <div className="flex flex-wrap items-center gap-3">
        <div role="status" className="flex flex-wrap items-center gap-3">
          <span className="font-medium text-text tabular-nums">
            {before > 0 ? `${rows} after ${formatCount(before)}` : rows}
          </span>
          <Badge tone={answer.status === "complete" ? "good" : "warning"}>{statusWords(answer)}</Badge>
          <span className="tabular-nums">{milliseconds(answer.elapsed_ms)}</span>
          {answer.status !== "complete" && note ? <span className="text-high">{note}</span> : null}
        </div>
        {empty.length > 0 ? (
          <span className="truncate" title={`Empty in every row: ${empty.join(", ")}`}>
            {plural(empty.length, "empty column")} hidden
          </span>
        ) : null}
        <div className="ml-auto flex items-center gap-2">
          {cursor === null || cursor === undefined || onMore === undefined ? null : (
            <Button size="small" onClick={() => onMore(cursor)}>
              Next rows
            </Button>
          )}
          <AnswerMenu answer={answer} text={text} onEngine={onEngine} />
        </div>
      </div>
      {answer.understood === undefined || answer.understood === text ? null : (
        <p className="mt-1.5 flex items-center gap-2">
          <span className="shrink-0">Understood as</span>
          <code className="truncate font-mono text-text" title={answer.understood}>
            {answer.understood}
          </code>
          <Button size="small" variant="ghost" onClick={() => onEdit(answer.understood ?? "")}>
            <Pencil size={11} aria-hidden />
            Edit
          </Button>
        </p>
      )}
      <RouteDetails answer={answer} />
    </div>
  );
}

function statusWords(answer: FullAnswer): string {
  const detail = answer.status_detail;
  if (answer.status === "partial" && detail && detail.segments_read < detail.segments_total)
    return `Partial: ${formatCount(detail.segments_read)} of ${plural(detail.segments_total, "segment")}`;
  return humanise(answer.status);
}
