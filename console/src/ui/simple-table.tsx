import type { ReactNode } from "react";
import { cn } from "@/lib/cn";

interface SimpleTableProps {
  label: string;
  columns: string[];
  /** Indexes of the columns that hold numbers. */
  numeric?: number[];
  rows: { key: string; cells: ReactNode[] }[];
}

/** A native table for the short lists; long ones are virtualised. */
export function SimpleTable({ label, columns, numeric = [], rows }: SimpleTableProps) {
  const align = (index: number) =>
    numeric.includes(index) ? "text-right whitespace-nowrap tabular-nums" : "text-left";
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className="overflow-x-auto" tabIndex={0} aria-label={`${label}, table`}>
      <table aria-label={label} className="w-full text-xs">
        <thead>
          <tr className="border-b border-line">
            {columns.map((column, index) => (
              <th
                key={column}
                scope="col"
                className={cn("h-8 px-4 text-2xs font-medium whitespace-nowrap text-faint", align(index))}
              >
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.key} className="border-b border-line last:border-0">
              {row.cells.map((cell, index) => (
                <td key={columns[index]} className={cn("h-8 px-4 py-1.5 align-top", align(index))}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
