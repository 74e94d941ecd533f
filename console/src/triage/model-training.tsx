import type { ReactNode } from "react";
import type { Model } from "@/api/types";
import { formatCount } from "@/lib/format";
import { Ago, Moment } from "@/ui/time";
import { VisibleText } from "@/ui/visible-text";
import { dueWords } from "./model-words";

const Row = ({ name, children }: { name: string; children: ReactNode }) => (
  <div className="contents">
    <dt className="text-dim">{name}</dt>
    <dd className="min-w-0 tabular-nums">{children}</dd>
  </div>
);

/** When the next one is trained, what it lacks, and what people said so far. */
export function ModelTraining({ model }: { model: Model }) {
  const { training, labels } = model;
  const due = dueWords(training);
  return (
    <>
      {training.problem ? (
        <p role="alert" className="wrap-anywhere text-critical">
          The last training failed: <VisibleText text={training.problem} />
        </p>
      ) : null}
      <dl className="grid grid-cols-[72px_minmax(0,1fr)] gap-x-3 gap-y-0.5">
        <Row name="Last">{training.last ? <Ago time={training.last} /> : "never"}</Row>
        <Row name="Next">
          {training.running_since ? (
            <>
              running since <Moment time={training.running_since} /> UTC
            </>
          ) : training.next ? (
            <>
              <Moment time={training.next} /> UTC{due ? `, due: ${due}` : ""}
            </>
          ) : (
            "not before there is enough to learn from"
          )}
        </Row>
        {training.missing ? (
          <Row name="Lacks">
            <VisibleText text={training.missing} />
          </Row>
        ) : null}
        <Row name="Verdicts">
          {formatCount(training.verdicts)} of {formatCount(training.verdicts_needed)} that make a training due
        </Row>
        <Row name="Labels">
          {formatCount(labels.attacks)} attacks, {formatCount(labels.harmless)} harmless,{" "}
          {formatCount(labels.open)} without a verdict
        </Row>
      </dl>
    </>
  );
}
