import type { MartSummary } from "@/api/types";
import { formatBytes, formatCount, formatRange } from "@/lib/format";
import { Code } from "@/ui/empty";
import { Panel } from "@/ui/panel";
import { SimpleTable } from "@/ui/simple-table";

const Days = ({ first, last }: { first: string; last: string }) => (
  <span title={`${formatRange(first, last)} UTC`} className="whitespace-nowrap">
    {first.slice(0, 10)} – {last.slice(0, 10)}
  </span>
);

export function Marts({ marts }: { marts: MartSummary[] }) {
  return (
    <Panel title="Marts" aside={formatCount(marts.length)}>
      {marts.length === 0 ? (
        <p className="p-4 text-dim">
          No events yet. <Code>sentra ingest FILE</Code> fills them.
        </p>
      ) : (
        <SimpleTable
          label="Marts"
          columns={["Mart", "Rows", "In memory", "Segments", "Size", "Events of (UTC)"]}
          numeric={[1, 2, 3, 4]}
          rows={marts.map((mart) => ({
            key: mart.mart,
            cells: [
              mart.mart,
              formatCount(mart.rows),
              formatCount(mart.memory_rows),
              formatCount(mart.segments),
              formatBytes(mart.bytes),
              mart.first && mart.last ? <Days key="days" first={mart.first} last={mart.last} /> : "–",
            ],
          }))}
        />
      )}
    </Panel>
  );
}
