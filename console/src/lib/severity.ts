import type { Severity } from "@/api/types";

/** The worst first. */
export const severities: readonly Severity[] = [
  "critical",
  "high",
  "medium",
  "low",
  "informational",
  "unknown",
];

export const isAtLeast = (severity: Severity, floor: Severity) =>
  severities.indexOf(severity) <= severities.indexOf(floor);
