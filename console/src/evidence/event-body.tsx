import type { ReactNode } from "react";
import type { EventDetail } from "@/api/types";
import { defang, eventKql } from "@/lib/format";
import { CopyButton } from "@/ui/copy-button";
import { Moment } from "@/ui/time";
import { VisibleText } from "@/ui/visible-text";
import { ExplainSection } from "./explain-section";
import { FieldTable } from "./field-table";

const replacement = "\ufffd";

interface EventBodyProps {
  event: EventDetail;
  /** The rule that led here. */
  rule?: string | undefined;
}

export function EventBody({ event, rule }: EventBodyProps) {
  const addresses = new Set([event.header.src_ip, event.header.dst_ip].filter((each) => each !== undefined));
  const isLossy = event.raw.includes(replacement);
  return (
    <div className="flex flex-col gap-4 p-4">
      <div className="flex flex-wrap gap-1.5">
        <CopyButton label="raw" text={event.raw} />
        <CopyButton label="id" text={event.id} />
        <CopyButton label="KQL" text={eventKql(event.id)} />
        {[...addresses].map((address) => (
          <CopyButton key={address} label={defang(address)} text={defang(address)} />
        ))}
        {isLossy ? <CopyButton label="base64" text={event.raw_base64} /> : null}
      </div>
      <Part title="Raw line">
        <pre className="rounded-md border border-line bg-canvas p-3 font-mono text-xs leading-5 wrap-anywhere whitespace-pre-wrap">
          <code>
            <VisibleText text={event.raw} />
          </code>
        </pre>
        {isLossy ? (
          <p className="mt-1 text-xs text-dim">
            Some bytes are not UTF-8 and are drawn as {replacement}; base64 has every byte.
          </p>
        ) : null}
      </Part>
      <ExplainSection event={event.id} rule={rule} />
      <Part title="Times (UTC)">
        <dl className="grid grid-cols-[140px_minmax(0,1fr)] gap-y-1 font-mono text-xs">
          <dt className="text-dim">happened</dt>
          <dd>
            <Moment time={event.time} fraction />
          </dd>
          <dt className="text-dim">taken in</dt>
          <dd>
            <Moment time={event.seen} fraction />
          </dd>
        </dl>
      </Part>
      <Part title={`Header (${event.mart})`}>
        <FieldTable label="Header" fields={Object.entries(event.header)} />
      </Part>
      <Part title="Source fields">
        <FieldTable
          label="Source fields"
          fields={event.fields.map(([name = "", value = ""]): [string, string] => [name, value])}
        />
      </Part>
    </div>
  );
}

const Part = ({ title, children }: { title: string; children: ReactNode }) => (
  <section aria-label={title}>
    <h3 className="mb-1.5 text-xs font-semibold text-faint">{title}</h3>
    {children}
  </section>
);
