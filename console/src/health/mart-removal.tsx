import { useState } from "react";
import { removeMart } from "@/api/mart-queries";
import { setDecider, useDecider } from "@/decisions/use-decide";
import { focusFirstField } from "@/lib/focus";
import { Button } from "@/ui/button";
import { CheckField } from "@/ui/check-field";
import { Field } from "@/ui/field";
import { closeOnEscape, FormBox } from "@/ui/form-box";
import { ProblemNote } from "@/ui/problem-note";
import { useMartChange } from "./use-mart-change";

export function MartRemoval({ name, onClose }: { name: string; onClose: () => void }) {
  const [isPurged, setPurged] = useState(false);
  const decider = useDecider();
  const change = useMartChange(onClose);
  const by = decider.trim();
  return (
    <form
      ref={focusFirstField}
      aria-label={`Remove ${name}`}
      onKeyDown={closeOnEscape(onClose)}
      onSubmit={(event) => {
        event.preventDefault();
        if (by !== "" && !change.isPending) change.mutate(() => removeMart(name, isPurged, by));
      }}
    >
      <FormBox title={`Remove ${name}`}>
        <p className="text-xs text-dim">
          It takes no more events. What it holds can be asked until its time of keeping ends.
        </p>
        <CheckField
          label="Delete what it holds at once; this cannot be undone"
          isChecked={isPurged}
          onChange={setPurged}
        />
        <Field label="Your name" required value={decider} onText={setDecider} className="max-w-sm" />
        {change.isError ? <ProblemNote error={change.error} /> : null}
        <div className="flex gap-2">
          <Button variant="primary" type="submit" disabled={by === ""} aria-busy={change.isPending}>
            {isPurged ? "Remove and delete" : "Remove"}
          </Button>
          <Button variant="ghost" onClick={onClose}>
            Cancel
          </Button>
        </div>
      </FormBox>
    </form>
  );
}
