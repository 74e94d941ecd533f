import type { AnswerPart } from "@/api/query-types";
import { plural } from "@/lib/format";
import { SimpleTable } from "@/ui/simple-table";
import { VisibleText } from "@/ui/visible-text";
import { cellText } from "./cells";

const rows_max = 5;

/** The steps before the last, where a question was answered in several. */
export function AnswerParts({ parts }: { parts: AnswerPart[] }) {
  return (
    <ol aria-label="Steps" className="shrink-0 border-b border-line bg-surface px-4 py-2 text-xs">
      {parts.map((part, index) => (
        <li key={part.understood} className="py-1">
          <details>
            <summary className="cursor-pointer text-dim">
              Step {index + 1}: {part.question}, {plural(part.rows.length, "row")}
            </summary>
            <code className="my-2 block overflow-x-auto font-mono">{part.understood}</code>
            <SimpleTable
              label={part.question}
              columns={part.columns.map((column) => column.name)}
              rows={part.rows.slice(0, rows_max).map((row) => ({
                key: JSON.stringify(row),
                cells: row.map((cell, place) => (
                  <VisibleText
                    key={part.columns[place]?.name ?? ""}
                    text={cellText(cell, part.columns[place]?.type).slice(0, 200)}
                  />
                )),
              }))}
            />
          </details>
        </li>
      ))}
    </ol>
  );
}
