import type { Edit, IncidentRevision } from "@/api/types";
import { humanise, plural } from "@/lib/format";
import { sharedThing } from "./join-text";

/** What an edit did: words, the other incident where there is one to go to, and what else is to be said. */
export interface EditWords {
  words: string;
  incident?: string;
  more?: string;
}

export function editWords(edit: Edit): EditWords {
  switch (edit.what) {
    case "absorbed": {
      const shared = edit.over ? sharedThing(edit.over) : undefined;
      // Its id leads here: there is nowhere else to go.
      const words = `${edit.from} became part of it`;
      return shared === undefined ? { words } : { words, more: `both share ${shared}` };
    }
    case "merged_into":
      return { words: "Became part of", incident: edit.into };
    case "taken_out":
      return { words: `${plural(edit.signals.length, "signal")} moved to`, incident: edit.into };
    case "brought_in":
      return { words: `${plural(edit.signals.length, "signal")} moved here from`, incident: edit.from };
    case "retitled":
      return { words: `Titled “${edit.title}”` };
    case "status_set":
      return { words: `Status set to ${humanise(edit.status).toLowerCase()}` };
  }
}

export type HistoryEntry =
  | { at: string; key: string; version: IncidentRevision }
  | { at: string; key: string; edit: Edit };

/** Versions and edits together, the newest first. */
export function historyEntries(versions: IncidentRevision[], edits: Edit[]): HistoryEntry[] {
  const entries: HistoryEntry[] = [
    ...edits.map((edit, index) => ({ at: edit.at, key: `edit ${index}`, edit })),
    ...[...versions]
      .sort((a, b) => a.version - b.version)
      .map((version) => ({ at: version.updated, key: `version ${version.version}`, version })),
  ];
  // Stable: of one moment, the edit stands before the version that came of it.
  return entries.sort((a, b) => Date.parse(a.at) - Date.parse(b.at)).reverse();
}
