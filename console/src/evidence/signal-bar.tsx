import { Gavel, Info } from "lucide-react";
import { type ReactNode, useRef, useState } from "react";
import type { Signal } from "@/api/types";
import { DecidedNote } from "@/decisions/decided-note";
import { VerdictForm } from "@/decisions/verdict-form";
import { useCommands } from "@/lib/commands";
import { Button } from "@/ui/button";
import { Kbd } from "@/ui/kbd";
import { Known } from "./known";

interface SignalBarProps {
  signal: Signal;
  isKnownShown: boolean;
  onToggleKnown: () => void;
  /** A verdict is about to be given: the panel stays with this signal. */
  onJudge: () => void;
  /** An event lies over it and has the keys. */
  isCovered: boolean;
  /** How much of the evidence is here. */
  children: ReactNode;
}

/** What is known about the signal, and what somebody can decide about it. */
export function SignalBar(props: SignalBarProps) {
  const { signal, isKnownShown, onToggleKnown, onJudge, isCovered, children } = props;
  const [isJudging, setJudging] = useState(false);
  const [decided, setDecided] = useState("");
  const button = useRef<HTMLButtonElement>(null);
  const known = (signal.enrichments?.length ?? 0) + (signal.controls?.length ?? 0);
  const judge = () => {
    setJudging(true);
    onJudge();
  };
  const close = () => {
    button.current?.focus();
    setJudging(false);
  };

  const commands = [
    {
      id: "signal-known",
      title: "What is known about the signal",
      group: "Evidence",
      keys: ["i"],
      run: onToggleKnown,
    },
    {
      id: "signal-verdict",
      title: "Verdict on the signal",
      group: "Evidence",
      keys: ["m"],
      run: judge,
    },
  ];
  useCommands(isCovered ? [] : commands);

  return (
    <div inert={isCovered} className="max-h-[75%] shrink-0 overflow-auto border-b border-line">
      <div className="flex flex-wrap items-center gap-x-2 gap-y-1 px-4 py-1.5 text-xs text-dim tabular-nums">
        {children}
        <span className="ml-auto flex gap-1.5">
          <Button size="small" onClick={onToggleKnown} aria-expanded={isKnownShown}>
            <Info size={12} aria-hidden />
            Known: {known}
            <Kbd keys="i" />
          </Button>
          <Button ref={button} size="small" onClick={judge} aria-expanded={isJudging}>
            <Gavel size={12} aria-hidden />
            Verdict
            <Kbd keys="m" />
          </Button>
        </span>
        <DecidedNote words={decided} />
      </div>
      {isJudging ? (
        <div className="px-4 pb-3">
          <VerdictForm
            target={{ target: "signal", id: signal.id }}
            onDecided={(words) => {
              setDecided(words);
              close();
            }}
            onClose={close}
          />
        </div>
      ) : null}
      {isKnownShown ? <Known signal={signal} /> : null}
    </div>
  );
}
