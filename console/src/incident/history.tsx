import type { IncidentRevision } from "@/api/types";
import { percent, plural } from "@/lib/format";
import { Panel } from "@/ui/panel";
import { Moment } from "@/ui/time";

const shown_max = 12;

/** Newest first. A version is written whenever a signal joins or the risk changes. */
export function History({ versions }: { versions: IncidentRevision[] }) {
  const newest = [...versions].sort((a, b) => b.version - a.version);
  return (
    <Panel title="History" aside={plural(versions.length, "version")}>
      <ol className="flex flex-col gap-2 p-4">
        {newest.slice(0, shown_max).map((version) => (
          <li key={version.version} className="grid grid-cols-[28px_minmax(0,1fr)_auto] gap-x-3 text-xs">
            <span className="font-mono text-dim">v{version.version}</span>
            <span className="truncate" title={version.title}>
              {version.title}
            </span>
            <span className="text-dim tabular-nums">
              risk {percent(version.risk.score)}, {plural(version.signals, "signal")}
            </span>
            <span className="col-start-2 text-dim">
              <Moment time={version.updated} /> UTC
            </span>
          </li>
        ))}
      </ol>
    </Panel>
  );
}
