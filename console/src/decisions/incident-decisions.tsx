import { useNavigate } from "@tanstack/react-router";
import { CircleDot, Gavel, type LucideIcon, Merge, PenLine } from "lucide-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import type { IncidentDetail } from "@/api/types";
import { useCommands } from "@/lib/commands";
import { Button } from "@/ui/button";
import { Kbd } from "@/ui/kbd";
import { DecidedNote } from "./decided-note";
import type { Decided } from "./decision-words";
import { forgetNote, handNote, noteFor } from "./handed-note";
import { MergeForm } from "./merge-form";
import { RetitleForm } from "./retitle-form";
import { StatusForm } from "./status-form";
import { VerdictForm } from "./verdict-form";

type Form = "verdict" | "status" | "title" | "merge";

const forms: { form: Form; label: string; title: string; keys: string; icon: LucideIcon }[] = [
  { form: "verdict", label: "Verdict", title: "Verdict on the incident", keys: "v", icon: Gavel },
  { form: "status", label: "Status", title: "Set the incident's status", keys: "s", icon: CircleDot },
  { form: "title", label: "Title", title: "Give the incident a title", keys: "r", icon: PenLine },
  { form: "merge", label: "Merge", title: "Merge with another incident", keys: "a", icon: Merge },
];

/** What somebody can decide about the incident as a whole. */
export function IncidentDecisions({ incident }: { incident: IncidentDetail }) {
  const navigate = useNavigate();
  const [form, setForm] = useState<Form | null>(null);
  const [decided, setDecided] = useState(() => noteFor(incident.id));
  const box = useRef<HTMLElement>(null);
  // Who comes from the incident that became part of this one finds the focus where it was.
  useEffect(() => {
    if (noteFor(incident.id) === undefined) return;
    box.current?.querySelector<HTMLElement>('[data-form="merge"]')?.focus();
    forgetNote();
  }, [incident.id]);
  const close = () => {
    box.current?.querySelector<HTMLElement>(`[data-form="${form}"]`)?.focus();
    setForm(null);
  };
  const onDecided = (next: Decided) => {
    setDecided(next);
    close();
  };
  const onMerged = (next: Decided, into: string) => {
    onDecided(next);
    if (into === incident.id || next.isWaiting) return;
    handNote(into, next);
    void navigate({ to: "/incidents/$id", params: { id: into }, replace: true });
  };

  useCommands(
    forms.map(({ form: name, title, keys }) => ({
      id: `incident-${name}`,
      title,
      group: "Incident",
      keys: [keys],
      run: () => setForm(name),
    })),
  );

  const shown: Record<Form, () => ReactNode> = {
    verdict: () => (
      <VerdictForm
        target={{ target: "incident", id: incident.id }}
        known={incident.verdict}
        onDecided={onDecided}
        onClose={close}
      />
    ),
    status: () => <StatusForm incident={incident} onDecided={onDecided} onClose={close} />,
    title: () => <RetitleForm incident={incident} onDecided={onDecided} onClose={close} />,
    merge: () => <MergeForm incident={incident} onDecided={onMerged} onClose={close} />,
  };

  return (
    <section ref={box} aria-label="Decisions" className="flex flex-col gap-3">
      <h2 className="sr-only">Decisions</h2>
      <div className="flex flex-wrap items-center gap-2">
        {forms.map(({ form: name, label, title, keys, icon: Icon }) => (
          <Button
            key={name}
            data-form={name}
            size="small"
            title={title}
            onClick={() => setForm(name)}
            aria-expanded={form === name}
          >
            <Icon size={12} aria-hidden />
            {label}
            <Kbd keys={keys} />
          </Button>
        ))}
        <DecidedNote decided={decided} />
      </div>
      {form === null ? null : shown[form]()}
    </section>
  );
}
