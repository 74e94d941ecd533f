import { EyeOff, Gavel, Info } from "lucide-react";
import { type ReactNode, useRef, useState } from "react";
import type { Signal } from "@/api/types";
import { DecidedNote } from "@/decisions/decided-note";
import type { Decided } from "@/decisions/decision-words";
import { SuppressForm } from "@/decisions/suppress-form";
import { VerdictForm } from "@/decisions/verdict-form";
import { useCommands } from "@/lib/commands";
import { Button } from "@/ui/button";
import { Kbd } from "@/ui/kbd";
import { VerdictLine } from "@/ui/verdict";
import { Known } from "./known";

interface SignalBarProps {
  signal: Signal;
  isKnownShown: boolean;
  onToggleKnown: () => void;
  /** Something is about to be decided: the panel stays with this signal. */
  onJudge: () => void;
  /** An event lies over it and has the keys. */
  isCovered: boolean;
  /** How much of the evidence is here. */
  children: ReactNode;
}

/** What is known about the signal, and what somebody can decide about it. */
export function SignalBar(props: SignalBarProps) {
  const { signal, isKnownShown, onToggleKnown, onJudge, isCovered, children } = props;
  const [form, setForm] = useState<"verdict" | "suppress" | null>(null);
  const [decided, setDecided] = useState<Decided | undefined>(undefined);
  const box = useRef<HTMLDivElement>(null);
  const known = (signal.enrichments?.length ?? 0) + (signal.controls?.length ?? 0);
  const show = (next: "verdict" | "suppress") => {
    setForm(next);
    onJudge();
  };
  const close = () => {
    box.current?.querySelector<HTMLElement>(`[data-form="${form}"]`)?.focus();
    setForm(null);
  };
  const onDecided = (next: Decided) => {
    setDecided(next);
    close();
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
      run: () => show("verdict"),
    },
    {
      id: "signal-suppress",
      title: "Suppress findings like the signal",
      group: "Evidence",
      keys: ["h"],
      run: () => show("suppress"),
    },
  ];
  useCommands(isCovered ? [] : commands);

  return (
    <div ref={box} inert={isCovered} className="max-h-[75%] shrink-0 overflow-auto border-b border-line">
      <div className="flex flex-wrap items-center gap-x-2 gap-y-1 px-4 py-1.5 text-xs text-dim tabular-nums">
        {children}
        <span className="ml-auto flex flex-wrap justify-end gap-1.5">
          <Button size="small" onClick={onToggleKnown} aria-expanded={isKnownShown}>
            <Info size={12} aria-hidden />
            Known: {known}
            <Kbd keys="i" />
          </Button>
          <Button
            data-form="verdict"
            size="small"
            onClick={() => show("verdict")}
            aria-expanded={form === "verdict"}
          >
            <Gavel size={12} aria-hidden />
            Verdict
            <Kbd keys="m" />
          </Button>
          <Button
            data-form="suppress"
            size="small"
            title="Suppress findings like this"
            onClick={() => show("suppress")}
            aria-expanded={form === "suppress"}
          >
            <EyeOff size={12} aria-hidden />
            Suppress
            <Kbd keys="h" />
          </Button>
        </span>
        <DecidedNote decided={decided} />
      </div>
      {signal.verdict ? <VerdictLine verdict={signal.verdict} className="px-4 pb-1.5 text-xs" /> : null}
      {form === null ? null : (
        <div className="px-4 pb-3">
          {form === "verdict" ? (
            <VerdictForm
              target={{ target: "signal", id: signal.id }}
              known={signal.verdict}
              onDecided={onDecided}
              onClose={close}
            />
          ) : (
            <SuppressForm signal={signal} onDecided={onDecided} onClose={close} />
          )}
        </div>
      )}
      {isKnownShown ? <Known signal={signal} /> : null}
    </div>
  );
}
