import { Check, X } from "lucide-react";
import type { ExplainedPart } from "@/api/rule-types";
import { cn } from "@/lib/cn";
import { formatCount, plural } from "@/lib/format";
import { VisibleText } from "@/ui/visible-text";
import { headingOf, restOf, splitParts } from "./explain-parts";

/** A form, a colour and a word: no reader depends on one of them. */
export function MatchMark({ matched }: { matched: boolean }) {
  const Icon = matched ? Check : X;
  return (
    <span
      className={cn(
        "inline-flex size-4 shrink-0 items-center justify-center rounded-full border",
        matched ? "border-good text-good" : "border-dashed border-critical text-critical",
      )}
    >
      <Icon size={10} strokeWidth={3} aria-hidden />
      <span className="sr-only">{matched ? "Holds:" : "Does not hold:"}</span>
    </span>
  );
}

export function ExplainTree({ part }: { part: ExplainedPart }) {
  return (
    <ul aria-label="Condition" className="text-xs">
      <Part part={part} />
    </ul>
  );
}

function Part({ part }: { part: ExplainedPart }) {
  const { shown, folded } = splitParts(part);
  const omitted = part.omitted ?? 0;
  const isLeaf = shown.length === 0 && omitted === 0;
  return (
    <li className="py-0.5">
      <div className="flex gap-2">
        <span className="flex h-5 items-center">
          <MatchMark matched={part.matched} />
        </span>
        <div className="min-w-0 flex-1 leading-5 wrap-anywhere">
          <span className={part.kind === "selection" || part.kind === "test" ? "font-mono" : "font-medium"}>
            <VisibleText text={headingOf(part)} />
          </span>
          {part.kind === "test" ? <TestWords part={part} /> : null}
        </div>
      </div>
      {isLeaf ? null : (
        <ul className="ml-[7px] border-l border-line pl-4">
          {shown.map((each, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the parts of an answer never move
            <Part key={index} part={each} />
          ))}
          {folded.length > 0 ? (
            <li className="py-0.5">
              <Folded parts={folded} />
            </li>
          ) : null}
          {omitted > 0 ? <li className="py-0.5 text-dim">{plural(omitted, "part")} not shown</li> : null}
        </ul>
      )}
    </li>
  );
}

function Folded({ parts }: { parts: ExplainedPart[] }) {
  const words = parts[0]?.matched ? "hold" : "do not hold";
  return (
    <details>
      <summary className="w-fit cursor-pointer leading-6 text-dim hover:text-text">
        {formatCount(parts.length)} others {words}
      </summary>
      <ul>
        {parts.map((each, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the parts of an answer never move
          <Part key={index} part={each} />
        ))}
      </ul>
    </details>
  );
}

function TestWords({ part }: { part: ExplainedPart }) {
  return (
    <>
      {part.reason ? (
        <p className="text-dim">
          <VisibleText text={part.reason} />
        </p>
      ) : null}
      <dl className="grid grid-cols-[56px_minmax(0,1fr)] text-dim">
        <Values name="wanted" values={part.wanted} total={part.wanted_total} />
        <Values name="found" values={part.found} total={part.found_total} />
      </dl>
    </>
  );
}

interface ValuesProps {
  name: string;
  values: string[] | undefined;
  total: number | undefined;
}

function Values({ name, values = [], total }: ValuesProps) {
  const rest = restOf(values, total);
  return (
    <>
      <dt>{name}</dt>
      <dd>
        {values.length === 0 && rest === 0 ? "nothing" : null}
        {values.map((value, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: values may repeat and never move
          <span key={index}>
            {index > 0 ? ", " : ""}
            <code className="font-mono text-text">
              <VisibleText text={value} />
            </code>
          </span>
        ))}
        {rest > 0 ? ` and ${formatCount(rest)} more` : ""}
      </dd>
    </>
  );
}
