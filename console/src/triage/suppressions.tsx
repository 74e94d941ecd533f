import { useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { rulesQuery } from "@/api/queries";
import type { Suppression } from "@/api/types";
import { DecidedNote } from "@/decisions/decided-note";
import { DecisionForm } from "@/decisions/decision-form";
import type { Decided } from "@/decisions/decision-words";
import { useNow } from "@/lib/clock";
import { formatCount, plural } from "@/lib/format";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { EntityChip } from "@/ui/entity-chip";
import { Kbd } from "@/ui/kbd";
import { Panel } from "@/ui/panel";
import { SeverityMark } from "@/ui/severity";
import { Ago, Moment } from "@/ui/time";
import { VisibleText } from "@/ui/visible-text";
import { isOver, limitWords, sortSuppressions } from "./triage-figures";

export function Suppressions({ suppressions }: { suppressions: Suppression[] }) {
  const now = useNow();
  const titles = useRuleTitles(suppressions.some((each) => each.match.rule));
  const [ending, setEnding] = useState<string | null>(null);
  const [decided, setDecided] = useState<Decided | undefined>(undefined);
  const panel = useRef<HTMLDivElement>(null);
  const inForce = suppressions.filter((each) => !isOver(each, now)).length;

  const close = () => {
    panel.current?.querySelector<HTMLElement>(`[data-end="${ending}"]`)?.focus();
    setEnding(null);
  };
  const onDecided = (next: Decided) => {
    setDecided(next);
    setEnding(null);
    // The row goes away with the focus in it.
    panel.current?.focus();
  };

  return (
    <Panel title="Suppressions" aside={`${formatCount(inForce)} in force`}>
      <div ref={panel} tabIndex={-1} className="outline-none">
        <div className="px-4 not-has-[:empty]:pt-2">
          <DecidedNote decided={decided} />
        </div>
        {suppressions.length === 0 ? (
          <p className="p-4 text-dim">
            None: every finding is seen. One is made from a signal, by <Kbd keys="h" /> in its evidence.
          </p>
        ) : (
          <ul>
            {sortSuppressions(suppressions, now).map((each) => (
              <li
                key={each.id}
                className="flex flex-col gap-2 border-b border-line px-4 py-2 last:border-b-0"
              >
                <OneSuppression
                  suppression={each}
                  rule={titles.get(each.match.rule ?? "") ?? each.match.rule ?? undefined}
                  isOver={isOver(each, now)}
                  isEnding={ending === each.id}
                  onEnd={() => setEnding(each.id)}
                />
                {ending === each.id ? (
                  <DecisionForm
                    title="End the suppression"
                    action="End it now"
                    note="What it would have kept back is seen again from now on. What it kept back so far does not come back."
                    decision={{ decision: "unsuppress", id: each.id }}
                    onDecided={onDecided}
                    onClose={close}
                  />
                ) : null}
              </li>
            ))}
          </ul>
        )}
      </div>
    </Panel>
  );
}

/** A suppression knows its rule by id; people know it by title. */
function useRuleTitles(isNeeded: boolean): ReadonlyMap<string, string> {
  const rules = useQuery({ ...rulesQuery, enabled: isNeeded });
  return new Map(rules.data?.rules.map((rule) => [rule.id, rule.title]));
}

interface OneSuppressionProps {
  suppression: Suppression;
  rule: string | undefined;
  isOver: boolean;
  isEnding: boolean;
  onEnd: () => void;
}

function OneSuppression({ suppression, rule, isOver, isEnding, onEnd }: OneSuppressionProps) {
  const { id, match, owner, reason, created, expires } = suppression;
  return (
    <div className="grid gap-x-6 gap-y-1 text-xs lg:grid-cols-[minmax(0,1fr)_minmax(0,1fr)_290px_72px]">
      <div className="flex min-w-0 flex-wrap content-start items-center gap-1.5">
        {rule === undefined ? null : (
          <span className="font-semibold wrap-anywhere">
            <VisibleText text={rule} />
          </span>
        )}
        {match.entities?.map((entity) => (
          <EntityChip key={`${entity.type} ${entity.role} ${entity.value}`} entity={entity} />
        ))}
        {match.any_role ? <span className="text-dim">in any part</span> : null}
        {limitWords(match).map((words) => (
          <Badge key={words}>{words}</Badge>
        ))}
        {isOver ? <Badge>Over</Badge> : null}
      </div>
      <div className="min-w-0 wrap-anywhere">
        <p>
          <VisibleText text={reason} />
        </p>
        <p className="text-dim">
          <VisibleText text={owner} />, <Ago time={created} />; {isOver ? "over since" : "until"}{" "}
          <Moment time={expires} /> UTC
        </p>
      </div>
      <KeptBack suppression={suppression} />
      <div className="flex lg:justify-end">
        <Button
          data-end={id}
          size="small"
          aria-expanded={isEnding}
          aria-label={`${isOver ? "Remove" : "End"} the suppression of ${rule ?? match.technique ?? match.entities?.[0]?.value ?? id}`}
          onClick={onEnd}
        >
          {isOver ? "Remove" : "End"}
        </Button>
      </div>
    </div>
  );
}

function KeptBack({ suppression: { suppressed } }: { suppression: Suppression }) {
  if (suppressed.signals === 0) return <p className="text-dim">Nothing kept back so far.</p>;
  return (
    <div className="tabular-nums">
      <p className="flex flex-wrap gap-x-1.5">
        {plural(suppressed.signals, "finding")} kept back, up to{" "}
        <SeverityMark severity={suppressed.severity} />
      </p>
      <p className="text-dim">
        {plural(suppressed.happenings, "happening")}
        {suppressed.last ? (
          <>
            , the last <Moment time={suppressed.last} />
          </>
        ) : null}
      </p>
    </div>
  );
}
