import type { UseQueryResult } from "@tanstack/react-query";
import { TriangleAlert } from "lucide-react";
import type { SuppressionImpact } from "@/api/types";
import { formatCount, humanise, percent, plural } from "@/lib/format";
import { ProblemNote } from "@/ui/problem-note";
import { VisibleText } from "@/ui/visible-text";

const rules_shown_max = 5;

interface SuppressionPreviewProps {
  /** There is something to preview. */
  isAsked: boolean;
  preview: UseQueryResult<SuppressionImpact>;
}

/** What it would have kept back: how much of it was an attack comes first. */
export function SuppressionPreview({ isAsked, preview }: SuppressionPreviewProps) {
  const impact = isAsked ? preview.data : undefined;
  return (
    <section aria-label="Preview" className="rounded-md border border-line bg-surface px-3 py-2 text-xs">
      {impact !== undefined && impact.confirmed > 0 ? <Warning confirmed={impact.confirmed} /> : null}
      <p role="status" className="font-semibold">
        {headline(isAsked, preview)}
      </p>
      {isAsked && preview.isError ? <ProblemNote error={preview.error} /> : null}
      {impact !== undefined && impact.suppressed > 0 ? <Extent impact={impact} /> : null}
    </section>
  );
}

function headline(isAsked: boolean, { data, isError }: UseQueryResult<SuppressionImpact>): string {
  if (!isAsked) return "Nothing is chosen.";
  if (isError) return "What it would have kept back is not known.";
  if (data === undefined) return "Looking back …";
  return `It would have kept back ${formatCount(data.suppressed)} of the last ${plural(data.looked_at, "signal")}.`;
}

const Warning = ({ confirmed }: { confirmed: number }) => (
  <div
    role="alert"
    className="mb-2 flex gap-2 rounded-md border-2 border-critical px-3 py-2 text-sm text-critical"
  >
    <TriangleAlert size={18} aria-hidden className="mt-0.5 shrink-0" />
    <p>
      <strong className="block">It would have hidden {plural(confirmed, "confirmed attack")}.</strong>
      An analyst found {confirmed === 1 ? "this" : "these"} malicious. Choose more narrowly.
    </p>
  </div>
);

function Extent({ impact }: { impact: SuppressionImpact }) {
  const rest = impact.rules.length - rules_shown_max;
  return (
    <>
      <p className="text-dim">
        {impact.severities
          .map(([severity, count]) => `${formatCount(count)} ${humanise(severity).toLowerCase()}`)
          .join(", ")}
        ; the riskiest at {percent(impact.riskiest)} %
        {impact.confirmed === 0 ? "; none of them confirmed as malicious" : ""}.
      </p>
      <ul aria-label="Of these rules" className="mt-1 text-dim">
        {impact.rules.slice(0, rules_shown_max).map(([title, count]) => (
          <li key={title} className="flex gap-3">
            <span className="min-w-0 flex-1 truncate">
              <VisibleText text={title} />
            </span>
            <span className="tabular-nums">{formatCount(count)}</span>
          </li>
        ))}
        {rest > 0 ? <li>and of {plural(rest, "other rule")}</li> : null}
      </ul>
    </>
  );
}
