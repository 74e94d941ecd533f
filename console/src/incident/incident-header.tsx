import { Link } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";
import type { ReactNode } from "react";
import type { IncidentDetail } from "@/api/types";
import { byRole, formatRange, humanise, percent, plural, spanOf } from "@/lib/format";
import { Badge } from "@/ui/badge";
import { CopyButton } from "@/ui/copy-button";
import { EntityChip } from "@/ui/entity-chip";
import { Risk } from "@/ui/risk";
import { SeverityMark } from "@/ui/severity";
import { Ago } from "@/ui/time";
import { VerdictLine } from "@/ui/verdict";
import { Technique } from "./technique";

const entities_shown_max = 8;

const Item = ({ name, children }: { name: string; children: ReactNode }) => (
  <div className="flex flex-col gap-0.5">
    <dt className="text-2xs font-medium text-faint">{name}</dt>
    <dd className="flex min-h-5 items-center gap-2">{children}</dd>
  </div>
);

export function IncidentHeader({ incident }: { incident: IncidentDetail }) {
  const entities = byRole(incident.entities);
  const rest = entities.length - entities_shown_max;
  return (
    <header className="flex flex-col gap-3">
      <div className="flex items-center gap-2 text-xs text-dim">
        <Link
          to="/incidents"
          className="flex items-center gap-1 hover:text-text"
          title="Back to the queue (U)"
        >
          <ArrowLeft size={14} aria-hidden />
          Incidents
        </Link>
        <span aria-hidden>/</span>
        <span className="font-mono">{incident.id}</span>
        <CopyButton label="id" text={incident.id} bare />
      </div>
      <h1 className="text-xl leading-7 font-semibold tracking-tight">{incident.title}</h1>
      <dl className="flex flex-wrap gap-x-8 gap-y-2">
        <Item name="Severity">
          <SeverityMark severity={incident.severity} />
        </Item>
        <Item name="Risk, 90 % interval">
          <Risk risk={incident.risk} width={96} />
          <span className="text-dim tabular-nums">
            {percent(incident.risk.low)}–{percent(incident.risk.high)}
          </span>
        </Item>
        <Item name="Status">{humanise(incident.status)}</Item>
        <Item name="Activity (UTC)">
          <span className="tabular-nums">{formatRange(incident.first, incident.last)}</span>
          <span className="text-dim">{spanOf(incident.first, incident.last)}</span>
        </Item>
        <Item name="Rests on">
          {plural(incident.signal_count, "signal")}, {plural(incident.events, "event")}
        </Item>
        <Item name="Updated">
          <Ago time={incident.updated} />
        </Item>
      </dl>
      {incident.verdict ? <VerdictLine verdict={incident.verdict} /> : null}
      <div className="flex flex-wrap items-center gap-1.5">
        {entities.slice(0, entities_shown_max).map((entity) => (
          <EntityChip key={`${entity.type} ${entity.role} ${entity.value}`} entity={entity} />
        ))}
        {rest > 0 ? <span className="text-xs text-dim">+{rest}</span> : null}
      </div>
      {incident.techniques.length > 0 ? (
        <div className="flex flex-wrap items-center gap-1.5 text-xs text-dim">
          <span className="mr-1">ATT&CK</span>
          {incident.techniques.map((technique) => (
            <Technique key={technique} id={technique} />
          ))}
          {incident.tactics.map((tactic) => (
            <Badge key={tactic}>{humanise(tactic)}</Badge>
          ))}
        </div>
      ) : null}
    </header>
  );
}
