import type { ErrorComponentProps } from "@tanstack/react-router";
import { ProblemView } from "@/ui/problem";

export function Crash({ error, reset }: ErrorComponentProps) {
  return <ProblemView error={error} onRetry={reset} />;
}
