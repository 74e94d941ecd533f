import type { UseQueryResult } from "@tanstack/react-query";
import { ArrowLeft, Ban, CircleCheck, Filter, History } from "lucide-react";
import { useRef, useState } from "react";
import type { Tuning } from "@/api/rule-types";
import type { Rule, RuleProblem } from "@/api/types";
import { useNow } from "@/lib/clock";
import { useCommands } from "@/lib/commands";
import { focusOnShow } from "@/lib/focus";
import { Button } from "@/ui/button";
import { Kbd } from "@/ui/kbd";
import { ProblemNote } from "@/ui/problem-note";
import { SkeletonLines } from "@/ui/skeleton";
import { VisibleText } from "@/ui/visible-text";
import { Backtest } from "./backtest";
import { DisableForm } from "./disable-form";
import { DisabledNote } from "./disabled-note";
import { ExceptionForm } from "./exception-form";
import { Exceptions } from "./exceptions";
import { RuleFacts } from "./rule-facts";
import { takes } from "./rule-list";
import { RulePart } from "./rule-part";
import { useEnable } from "./use-tuning";

interface RulePanelProps {
  rule: Rule;
  problems: RuleProblem[];
  tuning: UseQueryResult<Tuning>;
  /** An event lies over the panel and has the keys. */
  isCovered: boolean;
  onEvent: (event: string) => void;
  onClose: () => void;
}

export function RulePanel({ rule, problems, tuning, isCovered, onEvent, onClose }: RulePanelProps) {
  const [form, setForm] = useState<"disable" | "except" | null>(null);
  const [runs, setRuns] = useState(0);
  const now = useNow();
  const enable = useEnable();
  const disabled = tuning.data?.disabled.find((entry) => entry.rule === rule.id);
  const isDisabled = disabled !== undefined && !(disabled.until && Date.parse(disabled.until) <= now);
  const exceptions = tuning.data?.exceptions.filter((exception) => takes(exception.scope, rule)) ?? [];
  const body = useRef<HTMLDivElement>(null);
  const closeForm = () => {
    setForm(null);
    body.current?.closest("article")?.focus();
  };
  const backtest = () => setRuns((count) => count + 1);

  const commands = [
    { id: "rule-close", title: "Close the rule", group: "Rule", keys: ["escape"], run: onClose },
    { id: "rule-backtest", title: "Backtest the rule", group: "Rule", keys: ["b"], run: backtest },
    isDisabled
      ? {
          id: "rule-enable",
          title: "Enable the rule",
          group: "Rule",
          keys: ["d"],
          run: () => enable.mutate(rule.id),
        }
      : {
          id: "rule-disable",
          title: "Disable the rule",
          group: "Rule",
          keys: ["d"],
          run: () => setForm("disable"),
        },
    {
      id: "rule-except",
      title: "Make an exception from the rule",
      group: "Rule",
      keys: ["e"],
      run: () => setForm("except"),
    },
  ];
  useCommands(isCovered ? [] : commands, "panel");

  return (
    <article
      aria-label={`Rule ${rule.title}`}
      tabIndex={-1}
      ref={focusOnShow}
      className="flex h-full flex-col outline-none"
    >
      <header className="flex h-10 shrink-0 items-center gap-1 border-b border-line px-2">
        <Button variant="ghost" size="small" onClick={onClose} title="Close the rule (Esc)">
          <ArrowLeft size={14} aria-hidden />
          Back
        </Button>
        <div className="ml-auto flex gap-1.5">
          <Button size="small" onClick={backtest} title="Run the rule over stored events (B)">
            <History size={12} aria-hidden />
            Backtest
            <Kbd keys="b" />
          </Button>
          {isDisabled ? (
            <Button size="small" onClick={() => enable.mutate(rule.id)} aria-busy={enable.isPending}>
              <CircleCheck size={12} aria-hidden />
              Enable
              <Kbd keys="d" />
            </Button>
          ) : (
            <Button size="small" onClick={() => setForm("disable")} aria-expanded={form === "disable"}>
              <Ban size={12} aria-hidden />
              Disable
              <Kbd keys="d" />
            </Button>
          )}
          <Button size="small" onClick={() => setForm("except")} aria-expanded={form === "except"}>
            <Filter size={12} aria-hidden />
            Except
            <Kbd keys="e" />
          </Button>
        </div>
      </header>
      <div ref={body} className="min-h-0 flex-1 overflow-auto">
        <div className="flex flex-col gap-4 p-4">
          <h2 className="text-base font-semibold wrap-anywhere">
            <VisibleText text={rule.title} />
          </h2>
          {isDisabled ? <DisabledNote entry={disabled} /> : null}
          {enable.isError ? <ProblemNote error={enable.error} /> : null}
          {form === "disable" && !isDisabled ? <DisableForm rule={rule} onDone={closeForm} /> : null}
          {form === "except" ? (
            <ExceptionForm
              rule={rule}
              names={tuning.data?.exceptions.map((each) => each.id) ?? []}
              onDone={closeForm}
            />
          ) : null}
          <RuleFacts rule={rule} problems={problems.filter((each) => isAbout(each, rule))} />
          <RulePart title="Exceptions">
            {tuning.isPending ? <SkeletonLines lines={2} label="Loading the exceptions" /> : null}
            {tuning.isError ? <ProblemNote error={tuning.error} /> : null}
            {tuning.isSuccess ? <Exceptions exceptions={exceptions} /> : null}
          </RulePart>
          <Backtest rule={rule.id} runs={runs} onRun={backtest} onOpen={onEvent} />
        </div>
      </div>
    </article>
  );
}

/** Problems name a rule by its id or, where it has none, by its title. */
const isAbout = (problem: RuleProblem, rule: Rule) => problem.rule === rule.id || problem.rule === rule.title;
