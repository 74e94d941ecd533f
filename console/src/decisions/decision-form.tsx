import type { ReactNode } from "react";
import type { Decision } from "@/api/types";
import { cn } from "@/lib/cn";
import { focusFirstField } from "@/lib/focus";
import { Button } from "@/ui/button";
import { Field } from "@/ui/field";
import { closeOnEscape, FormBox } from "@/ui/form-box";
import { ProblemNote } from "@/ui/problem-note";
import { type Decided, decidedOf } from "./decision-words";
import { setDecider, useDecide, useDecider } from "./use-decide";

/** What the server takes at most of a name or a reason. */
export const text_chars_max = 1_000;

interface DecisionFormProps {
  title: string;
  /** What the button says. */
  action: string;
  note: ReactNode;
  /** A text that belongs to the decision. */
  text?: ReactNode;
  /** Absent while something is missing. */
  decision: Decision | undefined;
  onDecided: (decided: Decided) => void;
  onClose: () => void;
  children?: ReactNode;
}

/** What every decision has beside its own fields, the children: who makes it, and what becomes of it. */
export function DecisionForm(props: DecisionFormProps) {
  const { title, action, note, text, decision, onDecided, onClose, children } = props;
  const name = useDecider();
  const decide = useDecide();
  const by = name.trim();
  const submit = () => {
    if (decision === undefined || by === "" || decide.isPending) return;
    const body = { ...decision, by };
    decide.mutate(body, { onSuccess: (answer) => onDecided(decidedOf(body, answer)) });
  };
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
        {children}
        <div className={cn("grid gap-3", text === undefined ? "max-w-sm" : "sm:grid-cols-[2fr_1fr]")}>
          {text}
          <Field label="Your name" required maxLength={text_chars_max} value={name} onText={setDecider} />
        </div>
        <p className="text-xs text-dim">{note}</p>
        {decide.isError ? <ProblemNote error={decide.error} /> : null}
        <div className="flex gap-2">
          <Button
            variant="primary"
            type="submit"
            disabled={decision === undefined || by === ""}
            aria-busy={decide.isPending}
          >
            {action}
          </Button>
          <Button variant="ghost" onClick={onClose}>
            Cancel
          </Button>
        </div>
      </FormBox>
    </form>
  );
}
