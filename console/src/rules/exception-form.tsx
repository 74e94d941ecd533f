import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { previewException } from "@/api/rule-queries";
import type { ExceptionBody } from "@/api/rule-types";
import type { Rule } from "@/api/types";
import { focusFirstField } from "@/lib/focus";
import { beginOf, dayIn, type Period, periods } from "@/lib/period";
import { Button } from "@/ui/button";
import { ChoiceMenu } from "@/ui/dropdown";
import { Field } from "@/ui/field";
import { closeOnEscape, FormBox } from "@/ui/form-box";
import { ProblemNote } from "@/ui/problem-note";
import { ConditionRows } from "./condition-rows";
import { draftOf, type ExceptionDraft, emptyDraft, isSameExtent } from "./exception-draft";
import { ImpactView } from "./impact-view";
import { useExcept } from "./use-tuning";

interface ExceptionFormProps {
  rule: Rule;
  /** Those that are taken. */
  names: string[];
  onDone: () => void;
}

interface Asked {
  body: ExceptionBody;
  from: string | undefined;
}

/** An exception is made only after its preview: who hides findings has read how many. */
export function ExceptionForm({ rule, names, onDone }: ExceptionFormProps) {
  const [draft, setDraft] = useState<ExceptionDraft>(() => emptyDraft(Date.now()));
  const [period, setPeriod] = useState<Period | undefined>(undefined);
  const preview = useMutation({ mutationFn: ({ body, from }: Asked) => previewException(body, from) });
  const except = useExcept();
  const edit = (change: Partial<ExceptionDraft>) => setDraft({ ...draft, ...change });

  const { body, wrong } = draftOf(draft, rule.id, names);
  const isPreviewed = preview.isSuccess && body !== undefined && isSameExtent(preview.variables.body, body);
  // Buttons stay enabled while they wait, so that they keep the focus.
  const look = () => {
    if (body !== undefined && !preview.isPending) preview.mutate({ body, from: beginOf(period, Date.now()) });
  };
  const create = () => {
    if (body !== undefined && !except.isPending) except.mutate(body, { onSuccess: onDone });
  };

  return (
    <form
      ref={focusFirstField}
      aria-label="Make an exception"
      onKeyDown={closeOnEscape(onDone)}
      onSubmit={(event) => {
        event.preventDefault();
        if (isPreviewed) create();
        else look();
      }}
    >
      <FormBox title="Make an exception">
        <p className="text-xs text-dim">
          Findings of this rule on such events are hidden and counted, because they are known and accepted.
        </p>
        <ConditionRows rows={draft.rows} onChange={(rows) => edit({ rows })} />
        <div className="grid gap-3 sm:grid-cols-2">
          <Field label="Name" required value={draft.id} onText={(id) => edit({ id })} />
          <Field
            label="Expires (UTC)"
            type="date"
            required
            min={dayIn(1, Date.now())}
            value={draft.expires}
            onText={(expires) => edit({ expires })}
          />
          <Field label="Owner" required value={draft.owner} onText={(owner) => edit({ owner })} />
          <Field label="Reason" required value={draft.reason} onText={(reason) => edit({ reason })} />
        </div>
        {isPreviewed ? <ImpactView impact={preview.data} /> : null}
        {preview.isError ? <ProblemNote error={preview.error} /> : null}
        {except.isError ? <ProblemNote error={except.error} /> : null}
        <div className="flex flex-wrap items-center gap-2">
          <Button
            variant={isPreviewed ? "outline" : "primary"}
            onClick={look}
            disabled={body === undefined}
            aria-busy={preview.isPending}
            aria-describedby="exception-next"
          >
            {preview.isPending ? "Looking back" : "Preview"}
          </Button>
          <ChoiceMenu label="Period" value={period} options={periods} onChange={setPeriod} />
          <Button
            variant={isPreviewed ? "primary" : "outline"}
            onClick={create}
            disabled={!isPreviewed}
            aria-busy={except.isPending}
            aria-describedby="exception-next"
          >
            Create
          </Button>
          <Button variant="ghost" onClick={onDone}>
            Cancel
          </Button>
        </div>
        <p id="exception-next" className="text-xs text-dim">
          {wrong ??
            (isPreviewed ? "You have seen what it hides." : "Create opens after a preview of what it hides.")}
        </p>
      </FormBox>
    </form>
  );
}
