import { FolderInput, Split } from "lucide-react";
import { useRef, useState } from "react";
import { DecidedNote } from "@/decisions/decided-note";
import type { Decided } from "@/decisions/decision-words";
import { MoveForm, SplitForm } from "@/decisions/signals-forms";
import { useCommands } from "@/lib/commands";
import { plural } from "@/lib/format";
import { Button } from "@/ui/button";
import { Kbd } from "@/ui/kbd";

interface SignalsDecisionsProps {
  incident: string;
  chosen: string[];
  /** How many signals the incident has. */
  count: number;
  onClear: () => void;
  /** The bar goes away with the focus in it. */
  onEmpty: () => void;
}

/** What can be done with the chosen signals; nothing is to be seen while none is chosen. */
export function SignalsDecisions({ incident, chosen, count, onClear, onEmpty }: SignalsDecisionsProps) {
  const [form, setForm] = useState<"split" | "move" | null>(null);
  const [decided, setDecided] = useState<Decided | undefined>(undefined);
  const box = useRef<HTMLDivElement>(null);
  const isAny = chosen.length > 0;
  const close = () => {
    box.current?.querySelector<HTMLElement>(`[data-form="${form}"]`)?.focus();
    setForm(null);
  };
  const clear = () => {
    setForm(null);
    onClear();
    onEmpty();
  };
  const onDecided = (next: Decided) => {
    setDecided(next);
    setForm(null);
    onClear();
    // Their rows go away: the focus stays with what is said about them.
    box.current?.focus();
  };

  const commands = [
    {
      id: "signals-split",
      title: "Split the chosen signals off",
      group: "Incident",
      keys: ["d"],
      run: () => setForm("split"),
    },
    {
      id: "signals-move",
      title: "Move the chosen signals to another incident",
      group: "Incident",
      keys: ["o"],
      run: () => setForm("move"),
    },
  ];
  useCommands(isAny ? commands : []);

  const Form = form === "split" ? SplitForm : MoveForm;
  return (
    <div
      ref={box}
      tabIndex={-1}
      className="flex flex-col outline-none has-[button]:border-b has-[button]:border-line"
    >
      {isAny ? (
        <div className="flex flex-wrap items-center gap-2 bg-selected px-4 py-1.5 text-xs">
          <span className="tabular-nums">{plural(chosen.length, "signal")} chosen</span>
          <Button
            data-form="split"
            size="small"
            aria-expanded={form === "split"}
            onClick={() => setForm("split")}
          >
            <Split size={12} aria-hidden />
            Split off
            <Kbd keys="d" />
          </Button>
          <Button
            data-form="move"
            size="small"
            aria-expanded={form === "move"}
            onClick={() => setForm("move")}
          >
            <FolderInput size={12} aria-hidden />
            Move to …
            <Kbd keys="o" />
          </Button>
          <Button size="small" variant="ghost" onClick={clear}>
            Clear
          </Button>
        </div>
      ) : null}
      {isAny && form !== null ? (
        <div className="p-3">
          <Form
            key={form}
            incident={incident}
            signals={chosen}
            isAll={chosen.length === count}
            onDecided={onDecided}
            onClose={close}
          />
        </div>
      ) : null}
      <div className="px-4 not-has-[:empty]:py-1.5">
        <DecidedNote decided={decided} />
      </div>
    </div>
  );
}
