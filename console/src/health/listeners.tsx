import type { Status } from "@/api/types";
import { formatCount } from "@/lib/format";
import { CopyButton } from "@/ui/copy-button";
import { Panel } from "@/ui/panel";

export function Listeners({ listeners }: { listeners: Status["listeners"] }) {
  return (
    <Panel title="Listeners" aside={formatCount(listeners.length)}>
      {listeners.length === 0 ? <p className="p-4 text-dim">Nothing listens but this page.</p> : null}
      <dl>
        {listeners.map((listener) => (
          <div
            key={`${listener.name} ${listener.address}`}
            className="flex min-h-10 items-center gap-4 border-b border-line px-4 last:border-0"
          >
            <dt className="w-32 text-dim">{listener.name}</dt>
            <dd className="flex flex-1 items-center justify-between gap-2 font-mono text-xs">
              {listener.address}
              <CopyButton label="address" text={listener.address} bare />
            </dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}
