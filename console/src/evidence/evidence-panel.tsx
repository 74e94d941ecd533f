import { FileSearch } from "lucide-react";
import { useState } from "react";
import type { Sentence } from "@/api/types";
import type { NumberedSignal } from "@/incident/signal-numbers";
import type { StoryFocus } from "@/incident/use-story-focus";
import { plural } from "@/lib/format";
import { Empty } from "@/ui/empty";
import { Kbd } from "@/ui/kbd";
import { CitedSignals } from "./cited-signals";
import { SignalEvidence } from "./signal-evidence";

interface EvidencePanelProps {
  sentence: Sentence | undefined;
  listed: NumberedSignal[];
  selected: NumberedSignal | undefined;
  focus: StoryFocus;
}

/** From a sentence to the signals it cites, to their events, to the raw line. */
export function EvidencePanel({ sentence, listed, selected, focus }: EvidencePanelProps) {
  // Here and not with the signal: who compares signals sees the same of each.
  const [isKnownShown, setKnownShown] = useState(false);
  return (
    <section
      aria-label="Evidence"
      className="flex min-h-0 flex-col border-t border-line bg-surface lg:border-t-0 lg:border-l"
    >
      <header className="flex h-12 shrink-0 items-center gap-2 border-b border-line px-4">
        <FileSearch size={15} aria-hidden className="text-faint" />
        <h2 className="font-semibold">Evidence</h2>
        <span className="text-xs text-dim">{plural(listed.length, "signal")}</span>
        <span className="ml-auto flex items-center gap-1 text-xs text-dim">
          <Kbd keys="e" /> events
          <span className="ml-2" />
          <Kbd keys="[" />
          <Kbd keys="]" /> signals
        </span>
      </header>
      {sentence === undefined ? null : (
        <div className="shrink-0 border-b border-line px-4 py-2">
          <p className="line-clamp-2 text-xs text-dim">{sentence.text}</p>
        </div>
      )}
      <CitedSignals listed={listed} selected={selected} onSelect={focus.showSignal} />
      {selected === undefined ? (
        <Empty title="No signal">This sentence cites no signal of the incident.</Empty>
      ) : (
        <SignalEvidence
          key={selected.signal.id}
          item={selected}
          event={focus.event}
          isKnownShown={isKnownShown}
          onToggleKnown={() => setKnownShown((was) => !was)}
          onJudge={() => focus.showSignal(selected.signal.id)}
          onOpen={(event) => focus.showEvent(selected.signal.id, event)}
          onClose={focus.hideEvent}
        />
      )}
    </section>
  );
}
