import type { Enrichment, EnrichmentStage, Signal } from "@/api/types";
import { percent } from "@/lib/format";
import { Badge } from "@/ui/badge";
import { EntityChip } from "@/ui/entity-chip";
import { VisibleText } from "@/ui/visible-text";

const stages: { stage: EnrichmentStage; title: string; note: string }[] = [
  { stage: "static", title: "Declared", note: "identities, assets, networks, places" },
  { stage: "intelligence", title: "Intelligence", note: "what others saw" },
  { stage: "behaviour", title: "Behaviour", note: "against what was usual so far" },
];

/** What is known about a signal and its entities, and who says so. */
export function Known({ signal }: { signal: Signal }) {
  const enrichments = signal.enrichments ?? [];
  const controls = signal.controls ?? [];
  return (
    <section aria-label="Known about the signal" className="flex flex-col gap-3 px-4 pb-3">
      {enrichments.length + controls.length === 0 ? (
        <p className="text-xs text-dim">Nothing is known about this signal or its entities.</p>
      ) : null}
      {stages.map(({ stage, title, note }) => {
        const members = enrichments.filter((each) => each.stage === stage);
        if (members.length === 0) return null;
        return (
          <section key={stage} aria-label={title}>
            <h3 className="mb-1 text-xs font-semibold text-faint">
              {title} <span className="font-normal">· {note}</span>
            </h3>
            <ul className="flex flex-col">
              {members.map((each, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: two sources may say the same of one thing
                <Statement key={index} statement={each} />
              ))}
            </ul>
          </section>
        );
      })}
      {controls.length === 0 ? null : (
        <section aria-label="Controls">
          <h3 className="mb-1 text-xs font-semibold text-faint">
            Controls <span className="font-normal">· it is evidence for</span>
          </h3>
          <ul className="flex flex-wrap gap-1.5">
            {controls.map((control) => (
              <li key={control}>
                <Badge className="font-mono">{control}</Badge>
              </li>
            ))}
          </ul>
        </section>
      )}
    </section>
  );
}

const Statement = ({ statement }: { statement: Enrichment }) => (
  <li className="border-b border-line py-1 text-xs last:border-0">
    <div className="flex items-baseline gap-3">
      <span className="w-32 shrink-0 font-mono wrap-anywhere text-dim">
        <VisibleText text={statement.name} />
      </span>
      <span className="min-w-0 flex-1 font-medium wrap-anywhere">
        <VisibleText text={statement.value} />
      </span>
      {typeof statement.confidence === "number" ? (
        <span className="shrink-0 text-dim tabular-nums">{percent(statement.confidence)} % sure</span>
      ) : null}
    </div>
    <div className="mt-0.5 flex items-center gap-2 pl-35 text-2xs text-dim">
      {statement.entity ? <EntityChip entity={statement.entity} /> : <span>the signal</span>}
      <span className="min-w-0 wrap-anywhere">
        <VisibleText text={statement.source} />, version <VisibleText text={statement.version} />
      </span>
    </div>
  </li>
);
