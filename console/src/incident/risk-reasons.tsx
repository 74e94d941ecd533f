import { useState } from "react";
import type { RiskFactor, RiskReason } from "@/api/types";
import { cn } from "@/lib/cn";
import { humanise, plural } from "@/lib/format";
import { logOddsText, oddsText } from "@/lib/odds";
import { MoreButton } from "@/ui/more-button";
import { Panel } from "@/ui/panel";
import { VisibleText } from "@/ui/visible-text";
import { SignalLink } from "./signal-link";

const shown_max = 6;

const factors: Record<RiskFactor, string> = {
  evidence: "A detector spoke",
  precision: "How often findings of this detector were confirmed",
  asset: "What was reached is worth more or less than the average",
  identity: "Whose account it is",
  indicator: "An indicator of others",
  behaviour: "How unusual it is",
  kill_chain: "Techniques follow each other as in an attack",
  calibration: "How often risks as high as this turned out to be malicious",
};

interface RiskReasonsProps {
  reasons: RiskReason[];
  numbers: ReadonlyMap<string, number>;
  onSelect: (signal: string) => void;
}

/** The server ranks them: the strongest first, whichever way it pulls. */
export function RiskReasons({ reasons, numbers, onSelect }: RiskReasonsProps) {
  const [isAll, setAll] = useState(false);
  if (reasons.length === 0) return null;
  const strongest = Math.max(...reasons.map((reason) => Math.abs(reason.log_odds)));
  const shown = isAll ? reasons : reasons.slice(0, shown_max);
  return (
    <Panel title="Why this risk" aside="what moves the odds, the strongest first">
      <ol className="flex flex-col px-4 py-2">
        {shown.map((reason, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: two rules may have one title, and the rank is the order
          <li key={index} className="flex min-h-7 items-center gap-3 py-0.5">
            <Weight log_odds={reason.log_odds} strongest={strongest} />
            <span className="min-w-0 flex-1 wrap-anywhere">
              <VisibleText text={reason.what} />
            </span>
            <span className="shrink-0 text-xs text-dim" title={factors[reason.factor]}>
              {humanise(reason.factor)}
            </span>
            <span className="flex w-24 shrink-0 justify-end">
              <SignalLink signals={reason.signals} numbers={numbers} onSelect={onSelect} />
            </span>
          </li>
        ))}
      </ol>
      {reasons.length > shown_max ? (
        <div className="px-3 pb-2">
          <MoreButton
            all={plural(reasons.length, "reason")}
            isAll={isAll}
            onToggle={() => setAll((was) => !was)}
          />
        </div>
      ) : null}
    </Panel>
  );
}

/** The word and the sign say which way it pulls; the colour only repeats it. */
function Weight({ log_odds, strongest }: { log_odds: number; strongest: number }) {
  const share = strongest === 0 ? 0 : Math.abs(log_odds) / strongest;
  const isTaking = log_odds < 0;
  return (
    <span className="flex shrink-0 items-center gap-2" title={logOddsText(log_odds)}>
      <span aria-hidden className="h-1.5 w-16 overflow-hidden rounded-full bg-line">
        <span
          className={cn("block h-full rounded-full", isTaking ? "bg-good" : "bg-accent")}
          style={{ width: `${share * 100}%` }}
        />
      </span>
      <span className={cn("w-18 text-xs whitespace-nowrap tabular-nums", isTaking && "text-good")}>
        odds {oddsText(log_odds)}
      </span>
    </span>
  );
}
