import type { IncidentSummary } from "@/api/types";
import type { Command } from "@/lib/commands";

export interface Entry {
  id: string;
  title: string;
  group: string;
  keys?: string | undefined;
  run: () => void;
}

const incidents_shown_max = 6;

/** Every word of the query occurs in the text, in any order. */
export function matchesWords(text: string, query: string): boolean {
  const lower = text.toLowerCase();
  return query
    .toLowerCase()
    .split(/\s+/)
    .every((word) => lower.includes(word));
}

interface Sources {
  commands: Command[];
  incidents: IncidentSummary[];
  openIncident: (id: string) => void;
  search: (text: string) => void;
}

export function paletteEntries(query: string, sources: Sources): Entry[] {
  const commands = sources.commands
    .filter((command) => command.id !== "palette" && matchesWords(command.title, query))
    .map((command) => ({ ...command, keys: command.keys?.[0] }));
  if (query.trim() === "") return commands;
  const incidents = sources.incidents
    .filter((incident) => matchesWords(`${incident.title} ${incident.id}`, query))
    .slice(0, incidents_shown_max)
    .map((incident) => ({
      id: incident.id,
      title: incident.title,
      group: "Incidents",
      run: () => sources.openIncident(incident.id),
    }));
  const search: Entry = {
    id: "search-text",
    title: `Search events that contain “${query.trim()}”`,
    group: "Search",
    run: () => sources.search(query.trim()),
  };
  return [...commands, ...incidents, search];
}
