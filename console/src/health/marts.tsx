import { useQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState } from "react";
import { martsQuery } from "@/api/mart-queries";
import type { MartItem } from "@/api/mart-types";
import { formatBytes, formatCount, formatRange } from "@/lib/format";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Code } from "@/ui/empty";
import { Panel } from "@/ui/panel";
import { ProblemNote } from "@/ui/problem-note";
import { SimpleTable } from "@/ui/simple-table";
import { SkeletonLines } from "@/ui/skeleton";
import { MartForm } from "./mart-form";
import { MartRemoval } from "./mart-removal";

/** What is done to which mart; a new one has no name yet. */
type Work = { kind: "create" } | { kind: "alter" | "remove"; name: string };

const Days = ({ first, last }: { first: string; last: string }) => (
  <span title={`${formatRange(first, last)} UTC`} className="whitespace-nowrap">
    {first.slice(0, 10)} – {last.slice(0, 10)}
  </span>
);

/** What every mart holds, and the ones that somebody registered. */
export function Marts() {
  const query = useQuery(martsQuery);
  const [work, setWork] = useState<Work | null>(null);
  const marts = query.data?.marts ?? [];
  const close = () => setWork(null);
  const of = (name: string) => marts.find((mart) => mart.mart === name)?.definition ?? undefined;
  return (
    <Panel
      title="Marts"
      aside={
        <>
          {formatCount(marts.length)}
          <Button size="small" onClick={() => setWork({ kind: "create" })}>
            <Plus size={12} aria-hidden />
            Register a mart
          </Button>
        </>
      }
    >
      {work?.kind === "create" ? (
        <div className="p-4">
          <MartForm onClose={close} />
        </div>
      ) : null}
      {work?.kind === "alter" ? (
        <div className="p-4">
          <MartForm key={work.name} mart={of(work.name)} onClose={close} />
        </div>
      ) : null}
      {work?.kind === "remove" ? (
        <div className="p-4">
          <MartRemoval key={work.name} name={work.name} onClose={close} />
        </div>
      ) : null}
      {query.isError ? (
        <div className="p-4">
          <ProblemNote error={query.error} />
        </div>
      ) : null}
      {query.isPending ? <SkeletonLines lines={4} label="Loading the marts" /> : null}
      {query.isSuccess && marts.length === 0 ? (
        <p className="p-4 text-dim">
          No events yet. <Code>sentra ingest FILE</Code> fills them.
        </p>
      ) : null}
      {marts.length > 0 ? (
        <SimpleTable
          label="Marts"
          columns={["Mart", "Rows", "In memory", "Segments", "Size", "Events of (UTC)", "Takes", "Do"]}
          numeric={[1, 2, 3, 4]}
          rows={marts.map((mart) => ({ key: mart.mart, cells: cellsOf(mart, setWork) }))}
        />
      ) : null}
    </Panel>
  );
}

function cellsOf(mart: MartItem, onWork: (work: Work) => void) {
  const { definition } = mart;
  const isActive = definition?.state === "active";
  return [
    <span key="name" className="flex items-center gap-2" title={definition?.description}>
      {mart.mart}
      {definition && !isActive ? <Badge tone="warning">Removed</Badge> : null}
    </span>,
    formatCount(mart.rows),
    formatCount(mart.memory_rows),
    formatCount(mart.segments),
    formatBytes(mart.bytes),
    mart.first && mart.last ? <Days key="days" first={mart.first} last={mart.last} /> : "–",
    definition ? (
      <code key="takes" className="font-mono wrap-anywhere">
        {definition.filter}
      </code>
    ) : (
      <span key="takes" className="text-dim">
        by its format
      </span>
    ),
    isActive ? (
      <span key="do" className="flex gap-1">
        <Button size="small" variant="ghost" onClick={() => onWork({ kind: "alter", name: mart.mart })}>
          Change<span className="sr-only"> {mart.mart}</span>
        </Button>
        <Button size="small" variant="ghost" onClick={() => onWork({ kind: "remove", name: mart.mart })}>
          Remove<span className="sr-only"> {mart.mart}</span>
        </Button>
      </span>
    ) : (
      "–"
    ),
  ];
}
