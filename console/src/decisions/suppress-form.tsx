import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { suppressionPreviewQuery } from "@/api/queries";
import type { EntityRef, Signal } from "@/api/types";
import { byRole, humanise, plural } from "@/lib/format";
import { dayBegin, dayIn } from "@/lib/period";
import { CheckField } from "@/ui/check-field";
import { EntityChip } from "@/ui/entity-chip";
import { Field } from "@/ui/field";
import { SelectField } from "@/ui/select-field";
import { VisibleText } from "@/ui/visible-text";
import { DecisionForm, text_chars_max } from "./decision-form";
import type { Decided } from "./decision-words";
import {
  draftFor,
  lastDay,
  matchOf,
  missingIn,
  type SuppressionDraft,
  severityLimits,
  techniqueChoices,
} from "./suppression-draft";
import { SuppressionPreview } from "./suppression-preview";

/** Fewer than the server takes; those that say most come first. */
const entities_shown_max = 24;

interface SuppressFormProps {
  signal: Signal;
  onDecided: (decided: Decided) => void;
  onClose: () => void;
}

/** Findings like a signal; made only after what it would have kept back was shown. */
export function SuppressForm({ signal, onDecided, onClose }: SuppressFormProps) {
  const [now] = useState(Date.now);
  const [draft, setDraft] = useState(() => draftFor(signal, now));
  const edit = (change: Partial<SuppressionDraft>) => setDraft({ ...draft, ...change });
  const match = matchOf(draft, signal.rule.id);
  const preview = useQuery(suppressionPreviewQuery(match));
  const missing = missingIn(draft, now);
  const isReady = match !== undefined && missing === undefined && preview.isSuccess;
  const isHarmful = (preview.data?.confirmed ?? 0) > 0;
  const rest = signal.entities.length - entities_shown_max;
  const has = (entity: EntityRef) => draft.entities.includes(entity);
  const toggle = (entity: EntityRef) =>
    edit({
      entities: has(entity)
        ? draft.entities.filter((other) => other !== entity)
        : [...draft.entities, entity],
    });

  return (
    <DecisionForm
      title="Suppress findings like this"
      action={isHarmful ? "Suppress all the same" : "Suppress"}
      note={
        <>
          What it keeps back becomes neither signal nor incident, and is counted under Triage. It ends by
          itself. <span className="text-text">{missing}</span>
        </>
      }
      decision={
        isReady
          ? {
              decision: "suppress",
              match,
              reason: draft.reason.trim(),
              expires: dayBegin(draft.expires),
            }
          : undefined
      }
      text={
        <Field
          label="Reason"
          required
          maxLength={text_chars_max}
          value={draft.reason}
          onText={(reason) => edit({ reason })}
        />
      }
      onDecided={onDecided}
      onClose={onClose}
    >
      <fieldset className="flex min-w-0 flex-col">
        <legend className="mb-1 text-xs font-medium text-dim">Findings of which all of this is true</legend>
        <CheckField
          label={
            <span className="min-w-0">
              The rule is <VisibleText text={signal.rule.title} />
            </span>
          }
          isChecked={draft.isRule}
          onChange={(isRule) => edit({ isRule })}
        />
        {byRole(signal.entities)
          .slice(0, entities_shown_max)
          .map((entity) => (
            <CheckField
              key={`${entity.type} ${entity.role} ${entity.value}`}
              label={
                <>
                  <EntityChip entity={entity} />
                  <span className="shrink-0 text-xs text-dim">
                    {draft.isAnyRole ? "takes part" : `is the ${entity.role}`}
                  </span>
                </>
              }
              isChecked={has(entity)}
              onChange={() => toggle(entity)}
            />
          ))}
        {rest > 0 ? (
          <p className="text-xs text-dim">and {plural(rest, "other entity", "other entities")}</p>
        ) : null}
        {draft.entities.length > 0 ? (
          <CheckField
            label="Whatever part these play"
            isChecked={draft.isAnyRole}
            onChange={(isAnyRole) => edit({ isAnyRole })}
          />
        ) : null}
      </fieldset>
      <div className="grid gap-3 sm:grid-cols-3">
        <SelectField
          label="Technique"
          value={draft.technique}
          options={[
            { value: "", label: "Any" },
            ...techniqueChoices(signal.techniques).map((id) => ({ value: id, label: id })),
          ]}
          onChange={(technique) => edit({ technique })}
        />
        <SelectField
          label="Severity"
          value={draft.severity_max}
          options={[
            { value: "", label: "Any" },
            ...severityLimits.map((value) => ({ value, label: `Up to ${humanise(value).toLowerCase()}` })),
          ]}
          onChange={(severity_max) => edit({ severity_max })}
        />
        <Field
          label="Ends (UTC)"
          type="date"
          required
          min={dayIn(1, now)}
          max={lastDay(now)}
          value={draft.expires}
          onText={(expires) => edit({ expires })}
        />
      </div>
      <SuppressionPreview isAsked={match !== undefined} preview={preview} />
    </DecisionForm>
  );
}
