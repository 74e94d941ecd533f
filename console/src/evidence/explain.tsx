import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { explainQuery } from "@/api/rule-queries";
import type { Explanation } from "@/api/rule-types";
import { plural } from "@/lib/format";
import { ProblemNote } from "@/ui/problem-note";
import { SeverityMark } from "@/ui/severity";
import { SkeletonLines } from "@/ui/skeleton";
import { VisibleText } from "@/ui/visible-text";
import { ExplainTree, MatchMark } from "./explain-tree";

/** With few of them, every tree is open at once. */
const open_max = 3;

interface ExplainProps {
  event: string;
  /** The rule that led here: it is explained whether it matches or not. */
  rule: string | undefined;
}

/** Which rules match the event, and why. */
export default function Explain({ event, rule }: ExplainProps) {
  const matching = useQuery(explainQuery(event, undefined));
  const asked = useQuery({ ...explainQuery(event, rule), enabled: rule !== undefined });
  const found = matching.data?.explanations ?? [];
  const own = asked.data?.explanations.filter((one) => !found.some(({ rule: { id } }) => id === one.rule.id));
  if (matching.isError) return <ProblemNote error={matching.error} />;
  if (matching.isPending || asked.isLoading) return <SkeletonLines lines={4} label="Asking the rules" />;
  const explanations = [...found, ...(own ?? [])];
  return (
    <div className="flex flex-col gap-2">
      <p role="status" className="text-xs text-dim">
        {found.length === 0
          ? "No rule in force matches this event by itself. Rules over several events are not tried here."
          : `${plural(found.length, "rule")} in force ${found.length === 1 ? "matches" : "match"} this event.`}
      </p>
      {asked.isError ? <ProblemNote error={asked.error} /> : null}
      {explanations.map((one) => (
        <OneRule key={one.rule.id} explanation={one} isOpen={explanations.length <= open_max} />
      ))}
    </div>
  );
}

function OneRule({ explanation, isOpen }: { explanation: Explanation; isOpen: boolean }) {
  const { rule, matched, routing, condition, tree } = explanation;
  return (
    <details open={isOpen} className="rounded-md border border-line bg-canvas">
      <summary className="flex cursor-pointer items-center gap-2 px-3 py-2">
        <MatchMark matched={matched} />
        <span className="min-w-0 flex-1 font-medium wrap-anywhere">
          <VisibleText text={rule.title} />
        </span>
        <span className="text-xs">
          <SeverityMark severity={rule.level} />
        </span>
      </summary>
      <div className="flex flex-col gap-2 border-t border-line px-3 py-2">
        <p className="flex gap-2 text-xs text-dim">
          <MatchMark matched={routing.taken} />
          <span className="min-w-0 flex-1 wrap-anywhere">
            <VisibleText text={routing.reason} />
          </span>
        </p>
        {condition.map((text) => (
          <code key={text} className="font-mono text-xs wrap-anywhere text-dim">
            <VisibleText text={text} />
          </code>
        ))}
        <ExplainTree part={tree} />
        <Link
          to="/rules"
          search={{ rule: rule.id }}
          className="w-fit text-xs leading-6 text-accent-text underline underline-offset-2"
        >
          Open the rule
        </Link>
      </div>
    </details>
  );
}
