import { useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import { problemOf } from "@/api/client";
import { candidatesQuery, incidentQuery } from "@/api/queries";
import { useSettled } from "@/lib/use-settled";
import { Field } from "@/ui/field";
import { ProblemNote } from "@/ui/problem-note";
import { Risk } from "@/ui/risk";
import { SeverityShape } from "@/ui/severity";
import { Ago } from "@/ui/time";
import { VisibleText } from "@/ui/visible-text";
import { type Candidate, incidentIdIn, othersThan } from "./candidates";

const typing_ms = 250;

interface IncidentPickerProps {
  /** The incident on the page: it cannot be chosen. */
  than: string;
  value: string | undefined;
  onChange: (id: string | undefined) => void;
}

/** Another incident, by its id or from those that have the words in them. */
export function IncidentPicker({ than, value, onChange }: IncidentPickerProps) {
  const [text, setText] = useState("");
  const settled = useSettled(text.trim(), typing_ms);
  const id = incidentIdIn(settled);
  const listed = useQuery({ ...candidatesQuery(settled), enabled: id === undefined });
  const named = useQuery({ ...incidentQuery(id ?? ""), enabled: id !== undefined, retry: false });
  const found = othersThan(
    than,
    id === undefined ? (listed.data?.items ?? []) : named.data ? [named.data] : [],
  );
  const query = id === undefined ? listed : named;
  const isMissing = query.isError && problemOf(query.error).status === 404;
  const words = query.isPending
    ? "Looking …"
    : found.length === 0
      ? nothing(id, named.data?.id === than)
      : "";

  return (
    <div className="flex flex-col gap-2">
      <Field
        label="The other incident"
        placeholder="Its id, or words of its title, headline or entities"
        value={text}
        onText={(next) => {
          setText(next);
          onChange(undefined);
        }}
      />
      {query.isError && !isMissing ? <ProblemNote error={query.error} /> : null}
      <fieldset className="max-h-56 overflow-auto rounded-md border border-line bg-surface">
        <legend className="sr-only">Which one</legend>
        {found.map((candidate) => (
          <Choice
            key={candidate.id}
            candidate={candidate}
            isChosen={candidate.id === value}
            onChoose={() => onChange(candidate.id)}
          />
        ))}
        <p role="status" className="px-3 py-1.5 text-xs text-dim empty:hidden">
          {words}
        </p>
      </fieldset>
    </div>
  );
}

function nothing(id: string | undefined, isSame: boolean): string {
  if (isSame) return "That is this incident: choose another.";
  return id === undefined ? "No other incident has these words in it." : "There is no such incident.";
}

interface ChoiceProps {
  candidate: Candidate;
  isChosen: boolean;
  onChoose: () => void;
}

function Choice({ candidate, isChosen, onChoose }: ChoiceProps) {
  const id = useId();
  return (
    <div className="flex items-center gap-2 border-b border-line px-3 py-1 last:border-b-0 has-[input:checked]:bg-selected">
      <input
        type="radio"
        id={id}
        name="other-incident"
        checked={isChosen}
        onChange={onChoose}
        className="size-4 shrink-0 accent-accent"
      />
      <SeverityShape severity={candidate.severity} />
      <label htmlFor={id} className="min-w-0 flex-1">
        <span className="block truncate font-medium" title={candidate.title}>
          <VisibleText text={candidate.title} />
        </span>
        <span className="block truncate font-mono text-2xs text-dim">{candidate.id}</span>
      </label>
      <Risk risk={candidate.risk} width={40} />
      <span className="w-16 shrink-0 text-right text-xs text-dim">
        <Ago time={candidate.updated} />
      </span>
    </div>
  );
}
