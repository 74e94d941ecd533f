import type { EntityRef, EntityType } from "@/api/types";
import { formatCount, humanise } from "@/lib/format";
import { groupBy } from "@/lib/group-by";
import { entityIcons } from "@/ui/entity-chip";
import { Panel } from "@/ui/panel";

const shown_max = 12;

export function Entities({ entities }: { entities: EntityRef[] }) {
  const groups = [...groupBy(entities, (entity) => entity.type)];
  return (
    <Panel title="Entities" aside={formatCount(entities.length)}>
      <dl className="flex flex-col gap-3 p-4">
        {groups.map(([type, members]) => (
          <EntityGroup key={type} type={type} members={members} />
        ))}
      </dl>
    </Panel>
  );
}

function EntityGroup({ type, members }: { type: EntityType; members: EntityRef[] }) {
  const Icon = entityIcons[type];
  const rest = members.length - shown_max;
  return (
    <div className="flex gap-3">
      <dt className="flex w-24 shrink-0 items-center gap-1.5 self-start text-xs text-dim">
        <Icon size={12} aria-hidden />
        {type === "ip" ? "IP" : humanise(type)}
      </dt>
      <dd className="min-w-0 flex-1">
        <ul className="flex flex-col">
          {members.slice(0, shown_max).map((entity) => (
            <li key={`${entity.role} ${entity.value}`} className="flex items-baseline justify-between gap-3">
              <span className="min-w-0 font-mono text-xs break-all">{entity.value}</span>
              <span className="shrink-0 text-xs text-dim">{entity.role}</span>
            </li>
          ))}
        </ul>
        {rest > 0 ? <span className="text-xs text-dim">and {formatCount(rest)} more</span> : null}
      </dd>
    </div>
  );
}
