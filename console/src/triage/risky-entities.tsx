import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { EntityRisk, EntityType } from "@/api/types";
import { formatCount, humanise, plural } from "@/lib/format";
import { oddsText } from "@/lib/odds";
import { entityTypes } from "@/lib/url-state";
import { ChoiceMenu } from "@/ui/dropdown";
import { entityIcons } from "@/ui/entity-chip";
import { MoreButton } from "@/ui/more-button";
import { Panel } from "@/ui/panel";
import { Risk } from "@/ui/risk";
import { SimpleTable } from "@/ui/simple-table";
import { Moment } from "@/ui/time";
import { VisibleText } from "@/ui/visible-text";
import { signalsOf } from "./triage-figures";

const shown_max = 10;
const reasons_shown_max = 3;

interface RiskyEntitiesProps {
  entities: EntityRisk[];
  type: EntityType | undefined;
  onType: (type: EntityType | undefined) => void;
}

const typeName = (type: EntityType) => (type === "ip" ? "IP" : humanise(type));

export function RiskyEntities({ entities, type, onType }: RiskyEntitiesProps) {
  const [isAll, setAll] = useState(false);
  const found = type === undefined ? entities : entities.filter((entity) => entity.entity_type === type);
  const there = entityTypes.filter(
    (each) => each === type || entities.some(({ entity_type }) => entity_type === each),
  );
  return (
    <Panel
      title="Riskiest entities"
      aside={
        <>
          <span>risks fade with time</span>
          {formatCount(found.length)}
          <ChoiceMenu
            label="Type"
            value={type}
            options={there.map((value) => ({ value, label: typeName(value) }))}
            onChange={onType}
          />
        </>
      }
    >
      {found.length === 0 ? (
        <p className="p-4 text-dim">
          {type === undefined
            ? "None yet: an entity stands here once a signal is about it."
            : "None of this type is at risk."}
        </p>
      ) : (
        <SimpleTable
          label="Riskiest entities"
          columns={["Risk", "Entity", "Why", "Signals", "Last (UTC)"]}
          numeric={[3]}
          rows={found.slice(0, isAll ? found.length : shown_max).map((entity) => ({
            key: `${entity.entity_type} ${entity.value}`,
            cells: [
              <Risk key="risk" risk={entity.risk} />,
              <EntityLink key="entity" entity={entity} />,
              <Reasons key="reasons" entity={entity} />,
              formatCount(signalsOf(entity).length),
              <Moment key="last" time={entity.last} />,
            ],
          }))}
        />
      )}
      {found.length > shown_max ? (
        <div className="border-t border-line px-3 py-1">
          <MoreButton
            all={plural(found.length, "entity", "entities")}
            isAll={isAll}
            onToggle={() => setAll((was) => !was)}
          />
        </div>
      ) : null}
    </Panel>
  );
}

function EntityLink({ entity }: { entity: EntityRisk }) {
  const Icon = entityIcons[entity.entity_type];
  return (
    <Link
      to="/incidents"
      search={{ q: entity.value }}
      title="Its incidents"
      className="inline-flex max-w-80 items-start gap-1.5 font-mono text-accent-text hover:underline"
    >
      <Icon size={12} aria-label={typeName(entity.entity_type)} className="mt-0.5 shrink-0 text-faint" />
      <span className="wrap-anywhere">
        <VisibleText text={entity.value} />
      </span>
    </Link>
  );
}

function Reasons({ entity }: { entity: EntityRisk }) {
  const rest = entity.reasons.length - reasons_shown_max;
  return (
    <ul className="flex flex-col">
      {entity.reasons.slice(0, reasons_shown_max).map((reason, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: two rules may have one title, and the rank is the order
        <li key={index} className="flex gap-3">
          <span className="w-10 shrink-0 text-right text-dim tabular-nums">{oddsText(reason.log_odds)}</span>
          <span className="min-w-0 wrap-anywhere">
            <VisibleText text={reason.what} />
          </span>
        </li>
      ))}
      {rest > 0 ? <li className="pl-13 text-dim">and {plural(rest, "other reason")}</li> : null}
    </ul>
  );
}
