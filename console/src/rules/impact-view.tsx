import type { Impact } from "@/api/rule-types";
import { formatCount, plural, sentence } from "@/lib/format";
import { Moment } from "@/ui/time";
import { VisibleText } from "@/ui/visible-text";

const examples_shown_max = 5;

/** What an exception would have hidden: the sentence first, then some of it. */
export function ImpactView({ impact }: { impact: Impact }) {
  const rest = impact.would_hide - Math.min(impact.examples.length, examples_shown_max);
  return (
    <section aria-label="Preview" className="rounded-md border border-line bg-surface px-3 py-2 text-xs">
      <p role="status" className="font-semibold wrap-anywhere">
        <VisibleText text={sentence(impact.sentence)} />.
      </p>
      <p className="text-dim">{plural(impact.examined, "finding")} of the rule looked at.</p>
      {impact.confirmed > 0 ? (
        <p className="text-critical">
          {formatCount(impact.confirmed)} of them were confirmed: it would have hidden what the rule is for.
        </p>
      ) : null}
      {impact.examples.length > 0 ? (
        <ul aria-label="Examples" className="mt-1 text-dim">
          {impact.examples.slice(0, examples_shown_max).map((example, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: two findings may fall on one moment
            <li key={index} className="flex gap-3">
              <Moment time={example.time} />
              <span className="truncate">
                <VisibleText text={example.title} />
              </span>
            </li>
          ))}
          {rest > 0 ? <li>and {formatCount(rest)} more</li> : null}
        </ul>
      ) : null}
    </section>
  );
}
