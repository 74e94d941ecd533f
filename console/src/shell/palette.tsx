import { type InfiniteData, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type KeyboardEvent, useState } from "react";
import type { IncidentPage } from "@/api/types";
import { cn } from "@/lib/cn";
import { useCommandList } from "@/lib/commands";
import { step } from "@/lib/keys";
import { Dialog } from "@/ui/dialog";
import { Kbd } from "@/ui/kbd";
import { type Entry, paletteEntries } from "./palette-entries";

interface PaletteProps {
  open: boolean;
  onClose: () => void;
}

export function Palette({ open, onClose }: PaletteProps) {
  return (
    <Dialog
      open={open}
      onOpenChange={onClose}
      bare
      title="Command palette"
      description="Type to find a command, an incident or events."
      className="max-w-xl"
    >
      <PaletteBody onClose={onClose} />
    </Dialog>
  );
}

function PaletteBody({ onClose }: { onClose: () => void }) {
  const [query, setQuery] = useState("");
  const [active, setActive] = useState(0);
  const entries = useEntries(query);
  const chosen = entries[active];

  const run = (entry: Entry | undefined) => {
    onClose();
    // After the dialog has given the focus back, so that a command may move it.
    setTimeout(() => entry?.run());
  };

  const onKeyDown = (event: KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by !== undefined) setActive(step(active, by, entries.length));
    else if (event.key === "Enter") run(chosen);
    else return;
    event.preventDefault();
  };

  return (
    <>
      <input
        role="combobox"
        aria-label="Command"
        aria-expanded
        aria-controls="palette-list"
        aria-activedescendant={chosen ? `palette-${chosen.id}` : undefined}
        placeholder="Type a command, an incident or words to search for"
        className="h-12 border-b border-line bg-transparent px-4 text-base outline-none placeholder:text-faint"
        value={query}
        onChange={(event) => {
          setQuery(event.target.value);
          setActive(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div id="palette-list" role="listbox" aria-label="Results" className="overflow-auto p-2">
        {entries.map((entry, index) => (
          <PaletteOption
            key={entry.id}
            entry={entry}
            isActive={index === active}
            onHover={() => setActive(index)}
            onRun={() => run(entry)}
          />
        ))}
      </div>
    </>
  );
}

interface OptionProps {
  entry: Entry;
  isActive: boolean;
  onHover: () => void;
  onRun: () => void;
}

function PaletteOption({ entry, isActive, onHover, onRun }: OptionProps) {
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the combobox keeps the focus and takes the keys
    <div
      id={`palette-${entry.id}`}
      role="option"
      tabIndex={-1}
      aria-selected={isActive}
      ref={(element) => {
        if (isActive) element?.scrollIntoView({ block: "nearest" });
      }}
      onMouseMove={onHover}
      onClick={onRun}
      className={cn("flex h-9 items-center gap-3 rounded-md px-2", isActive && "bg-selected")}
    >
      <span className="w-20 shrink-0 text-xs text-dim">{entry.group}</span>
      <span className="truncate">{entry.title}</span>
      <span className="ml-auto">{entry.keys ? <Kbd keys={entry.keys} /> : null}</span>
    </div>
  );
}

function useEntries(query: string): Entry[] {
  const client = useQueryClient();
  const navigate = useNavigate();
  const commands = useCommandList();
  const loaded = client.getQueriesData<InfiniteData<IncidentPage>>({ queryKey: ["incidents"] });
  const incidents = loaded.flatMap(([, data]) => data?.pages.flatMap((page) => page.items) ?? []);
  return paletteEntries(query, {
    commands,
    incidents: [...new Map(incidents.map((incident) => [incident.id, incident])).values()],
    openIncident: (id) => navigate({ to: "/incidents/$id", params: { id } }),
    search: (text) =>
      navigate({
        to: "/search",
        search: { q: `events | where message contains ${JSON.stringify(text)} | take 100` },
      }),
  });
}
