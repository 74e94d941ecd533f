import type { Severity } from "@/api/types";
import { cn } from "@/lib/cn";
import { humanise } from "@/lib/format";

export const severityText: Record<Severity, string> = {
  critical: "text-critical",
  high: "text-high",
  medium: "text-medium",
  low: "text-low",
  informational: "text-info",
  unknown: "text-info",
};

// Each severity has its own outline, so that it reads without colour.
const shapes: Record<Severity, { path: string; isFilled: boolean }> = {
  critical: { path: "M8 1 L15 8 L8 15 L1 8 Z", isFilled: true },
  high: { path: "M8 2 L15 14 L1 14 Z", isFilled: true },
  medium: { path: "M2.5 2.5 H13.5 V13.5 H2.5 Z", isFilled: true },
  low: { path: "M1 2 L15 2 L8 14 Z", isFilled: false },
  informational: { path: "M8 2 a6 6 0 1 0 0.01 0 Z", isFilled: false },
  unknown: { path: "M2 8 H14", isFilled: false },
};

export function SeverityShape({ severity, size = 12 }: { severity: Severity; size?: number }) {
  const shape = shapes[severity];
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      aria-hidden
      className={cn("shrink-0", severityText[severity])}
      fill={shape.isFilled ? "currentColor" : "none"}
      stroke="currentColor"
      strokeWidth={2}
      strokeLinejoin="round"
    >
      <path d={shape.path} />
    </svg>
  );
}

const short: Partial<Record<Severity, string>> = { informational: "Info" };

export function SeverityMark({ severity }: { severity: Severity }) {
  return (
    <span
      className={cn("inline-flex items-center gap-1.5 font-medium whitespace-nowrap", severityText[severity])}
    >
      <SeverityShape severity={severity} />
      {short[severity] ?? humanise(severity)}
    </span>
  );
}
