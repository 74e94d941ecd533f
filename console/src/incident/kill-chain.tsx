import { ChevronRight } from "lucide-react";
import type { ChainStep } from "@/api/types";
import { humanise, plural } from "@/lib/format";
import { Panel } from "@/ui/panel";
import { Moment } from "@/ui/time";
import { SignalLink } from "./signal-link";

interface KillChainProps {
  chain: ChainStep[];
  numbers: ReadonlyMap<string, number>;
  onSelect: (signal: string) => void;
}

/** The longest run of tactics that happened in the order of an attack. */
export function KillChain({ chain, numbers, onSelect }: KillChainProps) {
  if (chain.length === 0) return null;
  return (
    <Panel title="Kill chain" aside={`${plural(chain.length, "step")} in the order of an attack`}>
      <ol className="flex flex-wrap items-center gap-x-1 gap-y-2 p-4">
        {chain.map((step, index) => (
          <li key={step.tactic} className="flex items-center gap-1">
            {index === 0 ? null : <ChevronRight size={14} aria-hidden className="text-faint" />}
            <div className="rounded-md border border-line bg-raised py-1 pr-2 pl-3">
              <div className="flex items-center gap-1 font-medium">
                {humanise(step.tactic)}
                <SignalLink signals={[step.signal]} numbers={numbers} onSelect={onSelect} />
              </div>
              <div className="text-2xs text-dim">
                <Moment time={step.at} />
              </div>
            </div>
          </li>
        ))}
      </ol>
    </Panel>
  );
}
