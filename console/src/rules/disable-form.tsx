import { useState } from "react";
import type { Rule } from "@/api/types";
import { focusFirstField } from "@/lib/focus";
import { dayBegin, dayIn } from "@/lib/period";
import { Button } from "@/ui/button";
import { Field } from "@/ui/field";
import { closeOnEscape, FormBox } from "@/ui/form-box";
import { ProblemNote } from "@/ui/problem-note";
import { useDisable } from "./use-tuning";

const days_usual = 30;

export function DisableForm({ rule, onDone }: { rule: Rule; onDone: () => void }) {
  const [owner, setOwner] = useState("");
  const [reason, setReason] = useState("");
  const [until, setUntil] = useState(() => dayIn(days_usual, Date.now()));
  const disable = useDisable();
  const submit = () => {
    if (disable.isPending) return;
    disable.mutate(
      {
        rule: rule.id,
        owner: owner.trim(),
        reason: reason.trim(),
        until: until === "" ? undefined : dayBegin(until),
      },
      { onSuccess: onDone },
    );
  };
  return (
    <form
      ref={focusFirstField}
      aria-label="Disable the rule"
      onKeyDown={closeOnEscape(onDone)}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <FormBox title="Disable the rule">
        <p className="text-xs text-dim">
          Its findings are hidden and counted from now on. What it found before stays.
        </p>
        <div className="grid gap-3 sm:grid-cols-2">
          <Field label="Owner" note="Who answers for it." required value={owner} onText={setOwner} />
          <Field
            label="Until (UTC)"
            note="The beginning of the day; empty for good."
            type="date"
            min={dayIn(1, Date.now())}
            value={until}
            onText={setUntil}
          />
        </div>
        <Field label="Reason" required value={reason} onText={setReason} />
        {disable.isError ? <ProblemNote error={disable.error} /> : null}
        <div className="flex gap-2">
          <Button
            variant="primary"
            type="submit"
            disabled={owner.trim() === "" || reason.trim() === ""}
            aria-busy={disable.isPending}
          >
            Disable
          </Button>
          <Button variant="ghost" onClick={onDone}>
            Cancel
          </Button>
        </div>
      </FormBox>
    </form>
  );
}
