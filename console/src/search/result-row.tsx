import type { FullAnswer } from "@/api/query-types";
import { cn } from "@/lib/cn";
import { VisibleText } from "@/ui/visible-text";
import { cellText, isNumeric } from "./cells";

export const result_row_height = 32;

const cell_chars_max = 400;

interface ResultRowProps {
  answer: FullAnswer;
  row: unknown[];
  index: number;
  top: number;
  template: string;
  isActive: boolean;
  onFocus: () => void;
  onOpen: (() => void) | undefined;
}

export function ResultRow({ answer, row, index, top, template, isActive, onFocus, onOpen }: ResultRowProps) {
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      style={{ gridTemplateColumns: template, height: result_row_height, transform: `translateY(${top}px)` }}
      className="absolute inset-x-0 grid items-center border-b border-line font-mono text-xs hover:bg-hover has-[button:focus-visible]:bg-selected"
    >
      {answer.columns.map((column, place) => (
        <span
          key={column.name}
          role="cell"
          className={cn(
            "truncate px-3 whitespace-pre first:pl-4",
            isNumeric(column.type) && "text-right tabular-nums",
          )}
        >
          {place === 0 && onOpen !== undefined ? (
            <button
              type="button"
              data-row={index}
              tabIndex={isActive ? 0 : -1}
              onFocus={onFocus}
              onClick={onOpen}
              className="outline-none after:absolute after:inset-0 focus-visible:after:outline-2 focus-visible:after:-outline-offset-2 focus-visible:after:outline-accent"
            >
              <VisibleText text={cellText(row[place], column.type).slice(0, cell_chars_max)} />
            </button>
          ) : (
            <VisibleText text={cellText(row[place], column.type).slice(0, cell_chars_max)} />
          )}
        </span>
      ))}
    </div>
  );
}
