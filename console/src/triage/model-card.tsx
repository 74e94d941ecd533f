import type { ModelCard } from "@/api/types";
import { formatRange, plural } from "@/lib/format";
import { CopyButton } from "@/ui/copy-button";
import { Ago } from "@/ui/time";
import { metricsOf, rowsWords } from "./model-words";

/** When a model was made, of what, and what it is worth. */
export function ModelCardView({ card }: { card: ModelCard }) {
  return (
    <>
      <p className="flex items-center gap-1">
        <span className="font-mono font-semibold">{card.version}</span>
        <CopyButton label="version" text={card.version} bare />
        <span className="text-dim">
          trained <Ago time={card.created} />
        </span>
      </p>
      <p className="text-dim tabular-nums">
        {rowsWords(card)}, {plural(card.features.length, "feature")}
      </p>
      <p className="text-dim tabular-nums">of {formatRange(card.window.from, card.window.to)}</p>
      <dl className="grid grid-cols-[minmax(0,1fr)_auto] gap-x-4 tabular-nums">
        {metricsOf(card).map(({ name, value }) => (
          <div key={name} className="contents">
            <dt className="truncate text-dim" title={name}>
              {name}
            </dt>
            <dd className="text-right">{value}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}
