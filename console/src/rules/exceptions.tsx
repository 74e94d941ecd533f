import { useState } from "react";
import type { RuleException, RuleScope } from "@/api/rule-types";
import { cn } from "@/lib/cn";
import { plural } from "@/lib/format";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { ProblemNote } from "@/ui/problem-note";
import { Moment } from "@/ui/time";
import { VisibleText } from "@/ui/visible-text";
import { conditionLines } from "./condition";
import { HiddenWords } from "./disabled-note";
import { useRemoveException } from "./use-tuning";

export function Exceptions({ exceptions }: { exceptions: RuleException[] }) {
  if (exceptions.length === 0)
    return <p className="text-xs text-dim">None: whatever it finds is reported.</p>;
  return (
    <ul className="flex flex-col gap-2">
      {exceptions.map((exception) => (
        <OneException key={exception.id} exception={exception} />
      ))}
    </ul>
  );
}

function scopeWords(scope: RuleScope): string {
  if (scope === "all") return "all rules";
  if ("pack" in scope) return `all rules of the pack ${scope.pack}`;
  return scope.rules.length === 1 ? "this rule" : `this rule and ${plural(scope.rules.length - 1, "other")}`;
}

function OneException({ exception }: { exception: RuleException }) {
  const { id, scope, condition, owner, reason, expires, expired, used } = exception;
  return (
    <li className="flex flex-col gap-1 rounded-md border border-line bg-canvas px-3 py-2 text-xs wrap-anywhere">
      <div className="flex items-start gap-2">
        <span className="min-w-0 flex-1 font-semibold">
          <VisibleText text={id} />
        </span>
        {expired ? <Badge>Expired</Badge> : null}
        <RemoveButton id={id} />
      </div>
      <pre className={cn("font-mono whitespace-pre-wrap", expired && "text-dim")}>
        {conditionLines(condition).map((line, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: alternatives may repeat a line and never move
          <div key={index}>
            <VisibleText text={line} />
          </div>
        ))}
      </pre>
      <p>
        <VisibleText text={reason} />
      </p>
      <p className="text-dim">
        <VisibleText text={owner} />, {scopeWords(scope)}, {expired ? "over since" : "until"}{" "}
        <Moment time={expires} /> UTC; <HiddenWords used={used} />.
      </p>
    </li>
  );
}

/** Two steps: what it hid is reported again from then on. */
function RemoveButton({ id }: { id: string }) {
  const [step, setStep] = useState<"idle" | "asking" | "kept">("idle");
  const remove = useRemoveException();
  if (step !== "asking") {
    return (
      <Button
        size="small"
        variant="ghost"
        autoFocus={step === "kept"}
        aria-label={`Remove the exception ${id}`}
        onClick={() => setStep("asking")}
      >
        Remove
      </Button>
    );
  }
  return (
    <span className="flex flex-col items-end gap-1">
      <span className="flex gap-1">
        <Button
          size="small"
          autoFocus
          aria-busy={remove.isPending}
          aria-label={`Remove the exception ${id} now`}
          onClick={(event) => {
            const panel = event.currentTarget.closest("article");
            // The row goes away with the focus in it.
            if (!remove.isPending) remove.mutateAsync(id).then(() => panel?.focus(), ignoreShown);
          }}
        >
          Remove now
        </Button>
        <Button size="small" variant="ghost" onClick={() => setStep("kept")}>
          Keep
        </Button>
      </span>
      {remove.isError ? <ProblemNote error={remove.error} /> : null}
    </span>
  );
}

/** The problem is shown where the button is. */
const ignoreShown = () => {};
