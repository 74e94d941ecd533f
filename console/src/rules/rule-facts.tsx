import type { ReactNode } from "react";
import type { Rule, RuleProblem } from "@/api/types";
import { Technique } from "@/incident/technique";
import { tacticsOf, techniquesOf } from "@/lib/attack";
import { formatCount, formatDuration, humanise, plural } from "@/lib/format";
import { Badge } from "@/ui/badge";
import { CopyButton } from "@/ui/copy-button";
import { SeverityMark } from "@/ui/severity";
import { VisibleText } from "@/ui/visible-text";
import { kindWords } from "./rule-filters";

const Item = ({ name, children }: { name: string; children: ReactNode }) => (
  <div className="flex min-w-0 flex-col gap-0.5">
    <dt className="text-2xs font-medium text-faint">{name}</dt>
    <dd className="flex min-h-5 items-center gap-1 wrap-anywhere">{children}</dd>
  </div>
);

export function RuleFacts({ rule, problems }: { rule: Rule; problems: RuleProblem[] }) {
  const techniques = techniquesOf(rule.tags);
  const tactics = tacticsOf(rule.tags);
  const others = rule.tags.filter((tag) => techniquesOf([tag]).length + tacticsOf([tag]).length === 0);
  return (
    <section aria-label="About the rule" className="flex flex-col gap-3">
      <dl className="flex flex-wrap gap-x-8 gap-y-2">
        <Item name="Level">
          <SeverityMark severity={rule.level} />
        </Item>
        <Item name="Kind">{kindWords[rule.kind]}</Item>
        <Item name="Pack">
          <VisibleText text={rule.pack} />
        </Item>
        <Item name="Matches since the server started">
          <span className="tabular-nums">{formatCount(rule.matches)}</span>
        </Item>
        <Item name="Cost since the server started">
          <span className="tabular-nums">
            {formatDuration(rule.cost.time_us / 1_000)}, tried on {plural(rule.cost.candidates, "event")},{" "}
            {plural(rule.cost.hits, "hit")}
          </span>
        </Item>
        <Item name="Id">
          <span className="font-mono text-xs">
            <VisibleText text={rule.id} />
          </span>
          <CopyButton label="id" text={rule.id} bare />
        </Item>
      </dl>
      {rule.tags.length > 0 ? (
        <div className="flex flex-wrap items-center gap-1.5 text-xs text-dim">
          {techniques.length + tactics.length > 0 ? <span className="mr-1">ATT&CK</span> : null}
          {techniques.map((technique) => (
            <Technique key={technique} id={technique} />
          ))}
          {tactics.map((tactic) => (
            <Badge key={tactic}>{humanise(tactic)}</Badge>
          ))}
          {others.map((tag) => (
            <Badge key={tag} className="font-mono">
              <VisibleText text={tag} />
            </Badge>
          ))}
        </div>
      ) : null}
      {problems.map((problem) => (
        <p key={`${problem.line} ${problem.message}`} className="text-xs wrap-anywhere">
          <Badge tone={problem.severity === "error" ? "bad" : "warning"}>{problem.severity}</Badge>{" "}
          <VisibleText text={problem.message} />{" "}
          <span className="font-mono text-dim">
            {problem.path}:{problem.line}
          </span>
        </p>
      ))}
    </section>
  );
}
