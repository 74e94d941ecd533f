import { useMemo } from "react";
import type { FullAnswer } from "@/api/query-types";
import { cn } from "@/lib/cn";
import { useCommands } from "@/lib/commands";
import { useList } from "@/lib/use-list";
import { Empty } from "@/ui/empty";
import { columnWidths, isNumeric, rowEvent } from "./cells";
import { ResultRow, result_row_height } from "./result-row";

const header_height = 32;

interface ResultTableProps {
  answer: FullAnswer;
  onOpen: (event: string) => void;
}

export function ResultTable({ answer, onOpen }: ResultTableProps) {
  const list = useList({ count: answer.rows.length, row_height: result_row_height, header_height });
  const widths = useMemo(() => columnWidths(answer), [answer]);
  const template = widths.map((width) => `${width}px`).join(" ");
  const total = widths.reduce((sum, width) => sum + width, 0);

  useCommands([
    {
      id: "row-next",
      title: "Next row",
      group: "Results",
      keys: ["j", "arrowdown"],
      run: () => list.move(1),
    },
    {
      id: "row-previous",
      title: "Previous row",
      group: "Results",
      keys: ["k", "arrowup"],
      run: () => list.move(-1),
    },
  ]);

  if (answer.rows.length === 0) {
    return (
      <Empty title="No rows">
        <p>Loosen a condition, or ask all marts with the word events.</p>
      </Empty>
    );
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: moves between the buttons inside
    <div ref={list.container} onKeyDown={list.onKeyDown} className="min-h-0 overflow-auto bg-surface">
      <div
        role="table"
        aria-label="Results"
        aria-rowcount={answer.rows.length + 1}
        style={{ width: total, minWidth: "100%" }}
      >
        <div role="rowgroup" className="sticky top-0 z-10 border-b border-line bg-surface">
          <div
            role="row"
            aria-rowindex={1}
            className="grid h-8 items-center"
            style={{ gridTemplateColumns: template }}
          >
            {answer.columns.map((column) => (
              <span
                key={column.name}
                role="columnheader"
                title={column.type}
                className={cn(
                  "truncate px-3 text-xs font-medium text-dim first:pl-4",
                  isNumeric(column.type) && "text-right",
                )}
              >
                {column.name} <span className="text-2xs font-normal text-faint">{column.type}</span>
              </span>
            ))}
          </div>
        </div>
        <div role="rowgroup" className="relative" style={{ height: list.virtualizer.getTotalSize() }}>
          {list.virtualizer.getVirtualItems().map((item) => {
            const row = answer.rows[item.index];
            if (row === undefined) return null;
            const event = rowEvent(answer, row);
            return (
              <ResultRow
                key={item.index}
                answer={answer}
                row={row}
                index={item.index}
                top={item.start}
                template={template}
                isActive={item.index === list.active}
                onFocus={() => list.setActive(item.index)}
                onOpen={event === undefined ? undefined : () => onOpen(event)}
              />
            );
          })}
        </div>
      </div>
    </div>
  );
}
