import { CircleDot, Gavel } from "lucide-react";
import { useRef, useState } from "react";
import type { IncidentDetail } from "@/api/types";
import { useCommands } from "@/lib/commands";
import { Button } from "@/ui/button";
import { Kbd } from "@/ui/kbd";
import { DecidedNote } from "./decided-note";
import { StatusForm } from "./status-form";
import { VerdictForm } from "./verdict-form";

/** What somebody can decide about the incident as a whole. */
export function IncidentDecisions({ incident }: { incident: IncidentDetail }) {
  const [form, setForm] = useState<"verdict" | "status" | null>(null);
  const [decided, setDecided] = useState("");
  const buttons = { verdict: useRef<HTMLButtonElement>(null), status: useRef<HTMLButtonElement>(null) };
  const close = () => {
    if (form !== null) buttons[form].current?.focus();
    setForm(null);
  };
  const onDecided = (words: string) => {
    setDecided(words);
    close();
  };

  useCommands([
    {
      id: "incident-verdict",
      title: "Verdict on the incident",
      group: "Incident",
      keys: ["v"],
      run: () => setForm("verdict"),
    },
    {
      id: "incident-status",
      title: "Set the incident's status",
      group: "Incident",
      keys: ["s"],
      run: () => setForm("status"),
    },
  ]);

  return (
    <section aria-label="Decisions" className="flex flex-col gap-3">
      <h2 className="sr-only">Decisions</h2>
      <div className="flex flex-wrap items-center gap-2">
        <Button
          ref={buttons.verdict}
          size="small"
          onClick={() => setForm("verdict")}
          aria-expanded={form === "verdict"}
        >
          <Gavel size={12} aria-hidden />
          Verdict
          <Kbd keys="v" />
        </Button>
        <Button
          ref={buttons.status}
          size="small"
          onClick={() => setForm("status")}
          aria-expanded={form === "status"}
        >
          <CircleDot size={12} aria-hidden />
          Status
          <Kbd keys="s" />
        </Button>
        <DecidedNote words={decided} />
      </div>
      {form === "verdict" ? (
        <VerdictForm target={{ target: "incident", id: incident.id }} onDecided={onDecided} onClose={close} />
      ) : null}
      {form === "status" ? <StatusForm incident={incident} onDecided={onDecided} onClose={close} /> : null}
    </section>
  );
}
