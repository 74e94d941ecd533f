import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { backtestQuery } from "@/api/rule-queries";
import type { BacktestAnswer, BacktestMatch } from "@/api/rule-types";
import { formatCount, formatDuration, formatRange, plural } from "@/lib/format";
import { beginOf, type Period, periods } from "@/lib/period";
import { Button } from "@/ui/button";
import { ChoiceMenu } from "@/ui/dropdown";
import { ProblemNote } from "@/ui/problem-note";
import { SkeletonLines } from "@/ui/skeleton";
import { Moment } from "@/ui/time";
import { VisibleText } from "@/ui/visible-text";
import { RulePart } from "./rule-part";

interface BacktestProps {
  rule: string;
  /** How often it was asked for; 0 before the first time. */
  runs: number;
  onRun: () => void;
  onOpen: (event: string) => void;
}

export function Backtest({ rule, runs, onRun, onOpen }: BacktestProps) {
  const [period, setPeriod] = useState<Period | undefined>(undefined);
  return (
    <RulePart
      title="Backtest"
      aside={
        <>
          <ChoiceMenu label="Period" value={period} options={periods} onChange={setPeriod} />
          <Button onClick={onRun}>{runs === 0 ? "Run" : "Run again"}</Button>
        </>
      }
    >
      {runs === 0 ? (
        <p className="text-xs text-dim">
          Runs the rule over stored events, by the time they happened. Nothing is reported and nothing
          changes.
        </p>
      ) : (
        <Run key={runs} rule={rule} run={runs} period={period} onOpen={onOpen} />
      )}
    </RulePart>
  );
}

interface RunProps {
  rule: string;
  run: number;
  period: Period | undefined;
  onOpen: (event: string) => void;
}

/** The keyboard asks from anywhere in the panel; the answer must not come out of sight. */
const bringIntoView = (element: HTMLElement | null) => element?.closest("section")?.scrollIntoView();

/** One run: the period it was asked for stays its own. */
function Run({ rule, run, period, onOpen }: RunProps) {
  const client = useQueryClient();
  const [from] = useState(() => beginOf(period, Date.now()));
  const [isStopped, setStopped] = useState(false);
  const options = backtestQuery(rule, from, run);
  const query = useQuery({ ...options, enabled: !isStopped });
  const stop = () => {
    setStopped(true);
    void client.cancelQueries({ queryKey: options.queryKey });
  };
  if (query.isError) return <ProblemNote error={query.error} />;
  if (query.data !== undefined) return <Answer answer={query.data} onOpen={onOpen} />;
  if (isStopped) return <p className="text-xs text-dim">Stopped before it was through.</p>;
  return (
    <div ref={bringIntoView}>
      <SkeletonLines lines={3} label="Running the rule over stored events" />
      <Button size="small" onClick={stop}>
        Stop
      </Button>
    </div>
  );
}

function Answer({ answer, onOpen }: { answer: BacktestAnswer; onOpen: (event: string) => void }) {
  const found = answer.rules.reduce((sum, rule) => sum + rule.matches, 0);
  return (
    <>
      <p role="status" className="text-xs">
        <span className="font-semibold">{plural(found, "match", "matches")}</span> in{" "}
        {plural(answer.events, "event")}, {formatDuration(answer.elapsed_ms)}
        {answer.events === 0 ? ". Nothing of that time is stored." : ""}
      </p>
      {answer.matches.length > 0 ? (
        <ol aria-label="Matches" className="overflow-hidden rounded-md border border-line">
          {answer.matches.map((match) => (
            <OneMatch
              key={`${match.event} ${match.first} ${match.group.join()}`}
              match={match}
              onOpen={onOpen}
            />
          ))}
        </ol>
      ) : null}
      {answer.not_described > 0 ? (
        <p className="text-xs text-dim">and {formatCount(answer.not_described)} more</p>
      ) : null}
      {answer.problems.map((problem) => (
        <p key={`${problem.line} ${problem.message}`} className="text-xs text-high wrap-anywhere">
          <VisibleText text={problem.message} />
        </p>
      ))}
    </>
  );
}

function OneMatch({ match, onOpen }: { match: BacktestMatch; onOpen: (event: string) => void }) {
  const isRun = match.events > 1;
  return (
    <li className="border-b border-line bg-canvas text-xs last:border-0">
      <button
        type="button"
        onClick={() => onOpen(match.event)}
        className="flex w-full items-baseline gap-3 px-3 py-1.5 text-left outline-none hover:bg-hover focus-visible:bg-selected focus-visible:outline-2 focus-visible:-outline-offset-2 focus-visible:outline-accent"
      >
        <span className="shrink-0">
          <Moment time={match.time} />
        </span>
        <span className="min-w-0 flex-1 wrap-anywhere">
          <GroupWords group={match.group} />
        </span>
        {match.count > 1 ? (
          <span className="shrink-0 text-dim tabular-nums">×{formatCount(match.count)}</span>
        ) : null}
        <span className="shrink-0 font-mono text-dim">{match.event}</span>
      </button>
      {isRun ? (
        <details className="px-3 pb-1.5 text-dim">
          <summary className="w-fit cursor-pointer leading-6 hover:text-text">
            {plural(match.events, "event")}, {formatRange(match.first, match.last)}
          </summary>
          <div className="flex flex-wrap items-center gap-x-3">
            {match.evidence.map((event) => (
              <button
                key={event}
                type="button"
                onClick={() => onOpen(event)}
                className="font-mono leading-6 text-accent-text underline underline-offset-2"
              >
                {event}
              </button>
            ))}
            {match.events > match.evidence.length ? (
              <span>the first and the last of {formatCount(match.events)}</span>
            ) : null}
          </div>
        </details>
      ) : null}
    </li>
  );
}

/** What a correlation grouped by; names and values come from events. */
function GroupWords({ group }: { group: string[][] }) {
  return group.map(([name = "", value = ""], index) => (
    <span key={name}>
      {index > 0 ? ", " : ""}
      <span className="text-dim">
        <VisibleText text={name} />
      </span>{" "}
      <VisibleText text={value} />
    </span>
  ));
}
