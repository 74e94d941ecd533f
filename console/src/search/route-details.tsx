import type { FullAnswer } from "@/api/query-types";
import { milliseconds, percent } from "@/lib/format";
import { CostWords } from "./query-hint";

/** Why this engine, and what it was thought to cost: folded away until somebody asks. */
export function RouteDetails({ answer }: { answer: FullAnswer }) {
  const { route, estimate } = answer;
  return (
    <details className="mt-1.5">
      <summary className="cursor-pointer truncate">
        {route.intent} → {route.engine}: {route.reason}
      </summary>
      <dl className="grid grid-cols-[max-content_minmax(0,1fr)] gap-x-4 gap-y-1 py-2">
        <dt>Sure</dt>
        <dd className="text-text tabular-nums">{percent(route.confidence)} %</dd>
        {route.form === undefined ? null : (
          <>
            <dt>Read as</dt>
            <dd className="text-text">{forms[route.form] ?? route.form}</dd>
          </>
        )}
        {route.rules === undefined || route.rules.length === 0 ? null : (
          <>
            <dt>Rules</dt>
            <dd className="font-mono text-text">
              {route.rules.join(", ")}
              {route.router_version === undefined ? "" : ` (version ${route.router_version})`}
            </dd>
          </>
        )}
        {estimate === null || estimate === undefined ? null : (
          <>
            <dt>Expected</dt>
            <dd className="text-text">
              <CostWords cost={estimate} />, it took {milliseconds(answer.elapsed_ms)}
            </dd>
          </>
        )}
      </dl>
    </details>
  );
}

const forms: Record<string, string> = {
  kql: "KQL",
  shorthand: "search words",
  english: "plain English",
  sql: "SQL",
};
