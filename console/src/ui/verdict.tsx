import { type LucideIcon, ShieldAlert, ShieldCheck, ShieldX } from "lucide-react";
import type { VerdictKind, VerdictNote } from "@/api/types";
import { cn } from "@/lib/cn";
import { humanise } from "@/lib/format";
import { Ago } from "./time";
import { VisibleText } from "./visible-text";

// Each kind has its own outline, so that it reads without colour.
const looks: Record<VerdictKind, { icon: LucideIcon; className: string }> = {
  true_positive: { icon: ShieldAlert, className: "text-critical" },
  benign: { icon: ShieldCheck, className: "text-good" },
  false_positive: { icon: ShieldX, className: "text-dim" },
};

const words = (verdict: VerdictNote) => `Verdict: ${humanise(verdict.kind).toLowerCase()}, by ${verdict.by}`;

/** The mark alone, for rows: what it says is there for pointer and screen reader. */
export function VerdictIcon({ verdict, size = 13 }: { verdict: VerdictNote; size?: number }) {
  const { icon: Icon, className } = looks[verdict.kind];
  return (
    <span role="img" aria-label={words(verdict)} title={words(verdict)} className="shrink-0">
      <Icon size={size} aria-hidden className={className} />
    </span>
  );
}

/** What it was found to be, by whom, when and why. */
export function VerdictLine({ verdict, className }: { verdict: VerdictNote; className?: string }) {
  const { icon: Icon, className: tone } = looks[verdict.kind];
  return (
    <p className={cn("wrap-anywhere", className)}>
      <Icon size={13} aria-hidden className={cn("mr-1.5 inline align-[-2px]", tone)} />
      <span className={cn("font-medium", tone)}>
        <span className="sr-only">Verdict: </span>
        {humanise(verdict.kind)}
      </span>
      <span className="text-dim">
        {" "}
        by <VisibleText text={verdict.by} />, <Ago time={verdict.at} />:
      </span>{" "}
      <VisibleText text={verdict.reason} />
    </p>
  );
}
