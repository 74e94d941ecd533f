import { Link } from "@tanstack/react-router";
import { PenLine } from "lucide-react";
import { useState } from "react";
import type { Edit, IncidentRevision } from "@/api/types";
import { percent, plural } from "@/lib/format";
import { MoreButton } from "@/ui/more-button";
import { Panel } from "@/ui/panel";
import { Moment } from "@/ui/time";
import { VisibleText } from "@/ui/visible-text";
import { editWords, historyEntries } from "./edit-words";

const shown_max = 12;

interface HistoryProps {
  versions: IncidentRevision[];
  edits: Edit[];
  /** Incidents that became part of this one. */
  absorbed: string[];
}

/** Newest first. A version is written whenever a signal joins or the risk changes; edits stand among them. */
export function History({ versions, edits, absorbed }: HistoryProps) {
  const [isAll, setAll] = useState(false);
  const entries = historyEntries(versions, edits);
  const extent = [
    plural(versions.length, "version"),
    ...(edits.length > 0 ? [plural(edits.length, "edit")] : []),
  ];
  return (
    <Panel title="History" aside={extent.join(", ")}>
      <ol className="flex flex-col gap-2 p-4">
        {entries.slice(0, isAll ? entries.length : shown_max).map((entry) => (
          <li key={entry.key} className="grid grid-cols-[28px_minmax(0,1fr)_auto] gap-x-3 text-xs">
            {"edit" in entry ? <EditLine edit={entry.edit} /> : <VersionLine version={entry.version} />}
            <span className="col-start-2 text-dim">
              <Moment time={entry.at} /> UTC
            </span>
          </li>
        ))}
      </ol>
      {entries.length > shown_max ? (
        <div className="px-3 pb-2">
          <MoreButton
            all={plural(entries.length, "entry", "entries")}
            isAll={isAll}
            onToggle={() => setAll((was) => !was)}
          />
        </div>
      ) : null}
      {absorbed.length > 0 ? (
        <p className="border-t border-line px-4 py-2 text-xs text-dim">
          These ids lead here, too: <span className="font-mono wrap-anywhere">{absorbed.join(", ")}</span>
        </p>
      ) : null}
    </Panel>
  );
}

const VersionLine = ({ version }: { version: IncidentRevision }) => (
  <>
    <span className="font-mono text-dim">v{version.version}</span>
    <span className="truncate" title={version.title}>
      {version.title}
    </span>
    <span className="text-dim tabular-nums">
      risk {percent(version.risk.score)}, {plural(version.signals, "signal")}
    </span>
  </>
);

function EditLine({ edit }: { edit: Edit }) {
  const { words, incident, more } = editWords(edit);
  return (
    <>
      <PenLine size={12} aria-label="Edit" className="mt-0.5 text-accent-text" />
      <span className="wrap-anywhere">
        <VisibleText text={words} />
        {incident === undefined ? null : (
          <>
            {" "}
            <Link
              to="/incidents/$id"
              params={{ id: incident }}
              className="font-mono text-accent-text underline underline-offset-2"
            >
              {incident}
            </Link>
          </>
        )}
        {more === undefined ? null : (
          <span className="text-dim">
            {" "}
            – <VisibleText text={more} />
          </span>
        )}
      </span>
      <span className="max-w-32 truncate text-dim" title={edit.by ?? undefined}>
        by {edit.by ? <VisibleText text={edit.by} /> : "the platform"}
      </span>
    </>
  );
}
