import { type ReactNode, useRef, useState } from "react";
import type { Model } from "@/api/types";
import { DecidedNote } from "@/decisions/decided-note";
import { DecisionForm } from "@/decisions/decision-form";
import type { Decided } from "@/decisions/decision-words";
import { plural } from "@/lib/format";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Panel } from "@/ui/panel";
import { type Ask, askToActivate, askToDiscard, askToRollBack } from "./model-asks";
import { ModelCardView } from "./model-card";
import { ModelCounters } from "./model-counters";
import { ModelHistory } from "./model-history";
import { ModelTraining } from "./model-training";
import { driftedFeatures, driftWords, kindNames, labelsWords } from "./model-words";

/** The models of one kind, and what somebody can decide about them. */
export function ModelView({ model }: { model: Model }) {
  const [ask, setAsk] = useState<Ask | null>(null);
  const [decided, setDecided] = useState<Decided | undefined>(undefined);
  const box = useRef<HTMLDivElement>(null);
  const { title, note } = kindNames[model.kind];
  const drift = driftWords[model.drift.level];

  const close = () => {
    box.current?.querySelector<HTMLElement>(`[data-ask="${ask?.id}"]`)?.focus();
    setAsk(null);
  };
  const onDecided = (next: Decided) => {
    setDecided(next);
    setAsk(null);
    // The button that asked may go away.
    box.current?.focus();
  };

  return (
    <Panel
      title={title}
      aside={
        <>
          <span className="hidden md:inline">{note}</span>
          <span className="font-mono">{model.detector}</span>
          {model.active ? (
            <Badge tone={drift.tone} title={driftedFeatures(model).join(", ") || undefined}>
              {drift.words}
            </Badge>
          ) : null}
        </>
      }
    >
      <div ref={box} tabIndex={-1} className="outline-none">
        <div className="px-4 not-has-[:empty]:pt-2">
          <DecidedNote decided={decided} />
        </div>
        {ask === null ? null : (
          <div className="px-4 pt-3">
            <DecisionForm
              key={ask.id}
              title={ask.title}
              action={ask.action}
              note={ask.note}
              decision={ask.decision}
              onDecided={onDecided}
              onClose={close}
            />
          </div>
        )}
        <Parts model={model} asked={ask?.id} onAsk={setAsk} />
      </div>
    </Panel>
  );
}

interface PartsProps {
  model: Model;
  asked: string | undefined;
  onAsk: (ask: Ask) => void;
}

function Parts({ model, asked, onAsk }: PartsProps) {
  const { kind, active, shadow, others, counters, history } = model;
  const about = kindNames[kind].title.toLowerCase();
  const hasWorked = active || counters.judged + counters.learnt > 0;
  const button = (ask: Ask, what = "") => (
    <Button
      data-ask={ask.id}
      size="small"
      aria-label={`${ask.action}${what}, ${about}`}
      aria-expanded={asked === ask.id}
      onClick={() => onAsk(ask)}
    >
      {ask.action}
    </Button>
  );
  return (
    <div className="grid gap-x-8 gap-y-4 p-4 text-xs md:grid-cols-2 xl:grid-cols-[minmax(0,1fr)_minmax(0,1fr)_minmax(0,1.2fr)]">
      <Part title="Speaks" aside={active && others.length > 0 ? button(askToRollBack(kind)) : null}>
        {active ? (
          <ModelCardView card={active} />
        ) : (
          <p className="text-dim">No model yet: nothing is reported.</p>
        )}
      </Part>
      <Part
        title="In shadow"
        aside={
          shadow ? (
            <>
              {button(askToActivate(kind, shadow.version, "the shadow"), " the shadow")}
              {button(askToDiscard(kind), " the shadow")}
            </>
          ) : null
        }
      >
        <Shadow model={model} />
      </Part>
      <Part title="Training">
        <ModelTraining model={model} />
      </Part>
      {hasWorked ? (
        <Part title="What it did">
          <ModelCounters model={model} />
        </Part>
      ) : null}
      {others.length > 0 ? (
        <Part title={`Kept: ${plural(others.length, "other model")}`}>
          <ul>
            {others.map((card) => (
              <li key={card.version} className="flex min-h-8 items-center gap-3">
                <span className="font-mono">{card.version}</span>
                <span className="min-w-0 flex-1 truncate text-dim">made {card.created.slice(0, 10)}</span>
                {button(askToActivate(kind, card.version, card.version), ` ${card.version}`)}
              </li>
            ))}
          </ul>
        </Part>
      ) : null}
      {history.length > 0 ? (
        <Part title="History">
          <ModelHistory history={history} />
        </Part>
      ) : null}
    </div>
  );
}

function Shadow({ model }: { model: Model }) {
  if (model.shadow) {
    return (
      <>
        <ModelCardView card={model.shadow} />
        <p className="text-dim">{labelsWords(model)}</p>
      </>
    );
  }
  return (
    <p className="text-dim">
      {model.active
        ? "None: the next training puts one beside the model that speaks."
        : "None: the first model speaks at once."}
    </p>
  );
}

interface PartProps {
  title: string;
  aside?: ReactNode;
  children: ReactNode;
}

const Part = ({ title, aside, children }: PartProps) => (
  <div className="flex min-w-0 flex-col gap-1">
    <div className="flex min-h-7 items-center gap-2">
      <h3 className="text-xs font-semibold text-faint">{title}</h3>
      <span className="ml-auto flex gap-1.5">{aside}</span>
    </div>
    {children}
  </div>
);
