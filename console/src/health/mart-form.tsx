import { useState } from "react";
import { alterMart, createMart } from "@/api/mart-queries";
import type { MartDefinition } from "@/api/mart-types";
import { setDecider, useDecider } from "@/decisions/use-decide";
import { focusFirstField } from "@/lib/focus";
import { Button } from "@/ui/button";
import { Field } from "@/ui/field";
import { closeOnEscape, FormBox } from "@/ui/form-box";
import { ProblemNote } from "@/ui/problem-note";
import { columnsOf, draftOf, type MartDraft, missingIn } from "./mart-draft";
import { useMartChange } from "./use-mart-change";

interface MartFormProps {
  /** The one that is changed; absent for a new one. */
  mart?: MartDefinition | undefined;
  onClose: () => void;
}

export function MartForm({ mart, onClose }: MartFormProps) {
  const [draft, setDraft] = useState(() => draftOf(mart));
  const edit = (change: Partial<MartDraft>) => setDraft({ ...draft, ...change });
  const name = useDecider();
  const change = useMartChange(onClose);
  const missing = missingIn(draft);
  const by = name.trim();
  const isReady = missing === undefined && by !== "";
  const submit = () => {
    const columns = columnsOf(draft.columns);
    if (!isReady || typeof columns === "string" || change.isPending) return;
    const { description, filter } = draft;
    const retention_days = draft.days === "" ? null : Number(draft.days);
    const body = { description: description.trim(), filter: filter.trim(), columns, retention_days, by };
    change.mutate(() => (mart === undefined ? createMart(draft.name, body) : alterMart(mart.name, body)));
  };
  const title = mart === undefined ? "Register a mart" : `Change ${mart.name}`;
  return (
    <form
      ref={focusFirstField}
      aria-label={title}
      onKeyDown={closeOnEscape(onClose)}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <FormBox title={title}>
        <div className="grid gap-3 sm:grid-cols-2">
          {mart === undefined ? (
            <Field
              label="Name"
              required
              value={draft.name}
              placeholder="payments"
              note="The table that questions name"
              onText={(text) => edit({ name: text })}
            />
          ) : null}
          <Field
            label="Description"
            value={draft.description}
            onText={(description) => edit({ description })}
          />
          <Field
            label="Events of which this is true"
            required
            value={draft.filter}
            placeholder="host startswith 'pay-'"
            note="A condition as after KQL's where; from now on"
            onText={(filter) => edit({ filter })}
          />
          <Field
            label="Fields its events are to have"
            value={draft.columns}
            placeholder="amount long, iban string"
            note="An event without them is stored all the same"
            onText={(columns) => edit({ columns })}
          />
          <Field
            label="Kept for days"
            inputMode="numeric"
            value={draft.days}
            note="Empty: as the settings say"
            onText={(days) => edit({ days })}
          />
          <Field label="Your name" required value={name} onText={setDecider} />
        </div>
        <p className="text-xs text-dim">{missing ?? "Nothing restarts, and no event on its way is lost."}</p>
        {change.isError ? <ProblemNote error={change.error} /> : null}
        <div className="flex gap-2">
          <Button variant="primary" type="submit" disabled={!isReady} aria-busy={change.isPending}>
            {mart === undefined ? "Register" : "Change"}
          </Button>
          <Button variant="ghost" onClick={onClose}>
            Cancel
          </Button>
        </div>
      </FormBox>
    </form>
  );
}
