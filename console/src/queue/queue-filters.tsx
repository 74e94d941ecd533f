import type { RefObject } from "react";
import type { Severity } from "@/api/types";
import { formatCount, humanise } from "@/lib/format";
import { severities } from "@/lib/severity";
import { type QueueFilters, statuses } from "@/lib/url-state";
import { Button } from "@/ui/button";
import { ChoiceMenu } from "@/ui/dropdown";
import { FilterText } from "@/ui/filter-text";
import { Kbd } from "@/ui/kbd";
import { SeverityMark } from "@/ui/severity";

// The filter is a floor, so the lowest severities would filter nothing.
const severityOptions = severities
  .slice(0, 4)
  .map((value) => ({ value, label: <SeverityFloor value={value} /> }));
const statusOptions = statuses.map((value) => ({ value, label: humanise(value) }));

function SeverityFloor({ value }: { value: Severity }) {
  return (
    <>
      <SeverityMark severity={value} />
      {value === "critical" ? null : <span className="text-xs text-dim">and worse</span>}
    </>
  );
}

interface QueueFilterBarProps {
  filters: QueueFilters;
  /** Null while it is not known. */
  total: number | null;
  searchBox: RefObject<HTMLInputElement | null>;
  onChange: (filters: QueueFilters) => void;
}

export function QueueFilterBar({ filters, total, searchBox, onChange }: QueueFilterBarProps) {
  return (
    <div className="flex h-14 shrink-0 items-center gap-2 border-b border-line bg-surface px-4">
      <h1 className="mr-2 text-base font-semibold whitespace-nowrap">
        Incidents
        {total === null ? null : (
          <span className="ml-2 font-normal text-dim tabular-nums">{formatCount(total)}</span>
        )}
      </h1>
      <FilterText
        text={filters.q ?? ""}
        placeholder="Filter by title, headline or entity"
        searchBox={searchBox}
        onChange={(q) => onChange({ ...filters, q: q === "" ? undefined : q })}
      />
      <ChoiceMenu
        label="Severity"
        value={filters.severity}
        options={severityOptions}
        onChange={(severity) => onChange({ ...filters, severity })}
      />
      <ChoiceMenu
        label="Status"
        value={filters.status}
        options={statusOptions}
        onChange={(status) => onChange({ ...filters, status })}
      />
      {Object.values(filters).some((value) => value !== undefined) ? (
        <Button variant="ghost" onClick={() => onChange({})}>
          Clear
          <Kbd keys="x" />
        </Button>
      ) : null}
    </div>
  );
}
