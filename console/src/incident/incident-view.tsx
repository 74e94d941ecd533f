import { useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import type { IncidentDetail } from "@/api/types";
import { IncidentDecisions } from "@/decisions/incident-decisions";
import { EvidencePanel } from "@/evidence/evidence-panel";
import { focusEvidence } from "@/evidence/focus";
import { useCommands } from "@/lib/commands";
import { step } from "@/lib/keys";
import { Entities } from "./entities";
import { History } from "./history";
import { IncidentHeader } from "./incident-header";
import { KillChain } from "./kill-chain";
import { RiskReasons } from "./risk-reasons";
import { numberSignals } from "./signal-numbers";
import { SignalsTable } from "./signals-table";
import { focusSentence, Story } from "./story";
import { Timeline } from "./timeline";
import { useStoryFocus } from "./use-story-focus";

export function IncidentView({ incident }: { incident: IncidentDetail }) {
  const navigate = useNavigate();
  const numbered = useMemo(() => numberSignals(incident), [incident]);
  const numbers = useMemo(() => new Map(numbered.map((item) => [item.signal.id, item.number])), [numbered]);
  const sentences = incident.narrative.sentences;
  const focus = useStoryFocus(sentences.length);

  const cited = new Set(sentences[focus.shown]?.signals);
  const citedSignals = numbered.filter((item) => cited.has(item.signal.id));
  const chosen = numbered.find((item) => item.signal.id === focus.signal);
  const selected = chosen ?? citedSignals[0] ?? numbered[0];
  // A signal chosen in the timeline or the table stands for itself when the sentence does not cite it.
  const listed = selected !== undefined && !citedSignals.includes(selected) ? [selected] : citedSignals;

  const moveSentence = (by: number) => {
    const index = step(focus.current, by, sentences.length);
    focus.moveTo(index);
    focusSentence(index);
  };
  const moveSignal = (by: number) => {
    const index = selected === undefined ? -1 : listed.indexOf(selected);
    const next = listed[step(index, by, listed.length)];
    if (next !== undefined) void focus.showSignal(next.signal.id);
  };

  const openSignal = (id: string) => {
    void focus.showSignal(id);
    focusEvidence();
  };

  useCommands([
    {
      id: "sentence-next",
      title: "Next sentence",
      group: "Story",
      keys: ["j", "arrowdown"],
      run: () => moveSentence(1),
    },
    {
      id: "sentence-previous",
      title: "Previous sentence",
      group: "Story",
      keys: ["k", "arrowup"],
      run: () => moveSentence(-1),
    },
    {
      id: "story",
      title: "Focus the story",
      group: "Story",
      keys: ["f"],
      run: () => focusSentence(focus.current),
    },
    { id: "evidence", title: "Go to the evidence", group: "Story", keys: ["e"], run: () => focusEvidence() },
    { id: "signal-next", title: "Next signal", group: "Evidence", keys: ["]"], run: () => moveSignal(1) },
    {
      id: "signal-previous",
      title: "Previous signal",
      group: "Evidence",
      keys: ["["],
      run: () => moveSignal(-1),
    },
    {
      id: "unpin",
      title: "Let go of the pinned sentence",
      group: "Story",
      keys: ["escape"],
      run: focus.unpin,
    },
    {
      id: "up",
      title: "Back to the queue",
      group: "Go",
      keys: ["u"],
      run: () => navigate({ to: "/incidents" }),
    },
  ]);

  return (
    <div className="grid h-full grid-rows-[minmax(0,1fr)_minmax(0,1fr)] lg:grid-cols-[minmax(0,1fr)_clamp(400px,36vw,640px)] lg:grid-rows-1">
      <title>{`${incident.title} · Sentra`}</title>
      <div className="overflow-auto">
        <div className="mx-auto flex max-w-5xl flex-col gap-4 p-4">
          <IncidentHeader incident={incident} />
          <IncidentDecisions incident={incident} />
          <Story sentences={sentences} numbers={numbers} focus={focus} onOpenEvidence={focusEvidence} />
          <RiskReasons reasons={incident.reasons ?? []} numbers={numbers} onSelect={openSignal} />
          <KillChain chain={incident.chain ?? []} numbers={numbers} onSelect={openSignal} />
          <Timeline
            numbered={numbered}
            cited={cited}
            selected={selected?.signal.id}
            onSelect={focus.showSignal}
          />
          <SignalsTable
            incident={incident.id}
            numbered={numbered}
            cited={cited}
            selected={selected?.signal.id}
            onSelect={openSignal}
          />
          <div className="grid gap-4 xl:grid-cols-2">
            <Entities entities={incident.entities} />
            <History
              versions={incident.history}
              edits={incident.edits ?? []}
              absorbed={incident.absorbed ?? []}
            />
          </div>
        </div>
      </div>
      <EvidencePanel sentence={sentences[focus.shown]} listed={listed} selected={selected} focus={focus} />
    </div>
  );
}
