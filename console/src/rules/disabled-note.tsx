import { Ban } from "lucide-react";
import type { DisabledRule, Hidden } from "@/api/rule-types";
import { formatRange, plural } from "@/lib/format";
import { Ago, Moment } from "@/ui/time";
import { VisibleText } from "@/ui/visible-text";

/** Law LOSS: what is hidden is counted. */
export function HiddenWords({ used }: { used: Hidden }) {
  if (used.hidden === 0) return <>hid nothing since the server started</>;
  const span = used.first && used.last ? `${formatRange(used.first, used.last)} UTC` : undefined;
  return (
    <span title={span} className="tabular-nums">
      hid {plural(used.hidden, "finding")} since the server started
    </span>
  );
}

export function DisabledNote({ entry }: { entry: DisabledRule }) {
  return (
    <section
      aria-label="Disabled"
      className="flex gap-2 rounded-md border border-high/50 bg-canvas px-3 py-2 text-xs"
    >
      <Ban size={14} aria-hidden className="mt-0.5 shrink-0 text-high" />
      <div className="min-w-0 wrap-anywhere">
        <p>
          <span className="font-semibold text-high">Disabled</span> by <VisibleText text={entry.owner} />,{" "}
          <Ago time={entry.since} />, {entry.until ? <Until time={entry.until} /> : "for good"}
        </p>
        <p>
          <VisibleText text={entry.reason} />
        </p>
        <p className="text-dim">
          It <HiddenWords used={entry.used} />. Correlations that refer to it go on.
        </p>
      </div>
    </section>
  );
}

const Until = ({ time }: { time: string }) => (
  <>
    until <Moment time={time} /> UTC
  </>
);
