import type { UseQueryResult } from "@tanstack/react-query";
import { useRef } from "react";
import type { Tuning } from "@/api/rule-types";
import type { Rule, RuleProblem } from "@/api/types";
import { EventView } from "@/evidence/event-view";
import { useCommands } from "@/lib/commands";
import { Button } from "@/ui/button";
import { Empty } from "@/ui/empty";
import { SkeletonLines } from "@/ui/skeleton";
import { RulePanel } from "./rule-panel";

interface RuleAsideProps {
  id: string;
  /** Absent while rules are loaded, and when there is none of this id. */
  rule: Rule | undefined;
  problems: RuleProblem[];
  isLoading: boolean;
  tuning: UseQueryResult<Tuning>;
  event: string | undefined;
  onEvent: (event: string | undefined) => Promise<void>;
  onClose: () => void;
}

/** The open rule, and over it the open event. */
export function RuleAside(props: RuleAsideProps) {
  const { id, rule, problems, isLoading, tuning, event, onEvent, onClose } = props;
  const panel = useRef<HTMLDivElement>(null);
  const closeEvent = async () => {
    await onEvent(undefined);
    panel.current?.querySelector<HTMLElement>("article")?.focus();
  };
  const isCovered = event !== undefined;
  return (
    <aside aria-label="Rule" className="relative min-h-0 border-l border-line bg-surface">
      <div ref={panel} inert={isCovered} className="h-full">
        {rule === undefined ? (
          <NoRule isLoading={isLoading} isCovered={isCovered} onClose={onClose} />
        ) : (
          <RulePanel
            key={id}
            rule={rule}
            problems={problems}
            tuning={tuning}
            isCovered={isCovered}
            onEvent={(found) => void onEvent(found)}
            onClose={onClose}
          />
        )}
      </div>
      {event === undefined ? null : (
        <div className="absolute inset-0 bg-surface">
          <EventView key={event} id={event} rule={id} onClose={() => void closeEvent()} />
        </div>
      )}
    </aside>
  );
}

function NoRule({
  isLoading,
  isCovered,
  onClose,
}: Record<"isLoading" | "isCovered", boolean> & { onClose: () => void }) {
  const close = { id: "rule-close", title: "Close the rule", group: "Rule", keys: ["escape"], run: onClose };
  useCommands(isCovered ? [] : [close], "panel");
  if (isLoading) return <SkeletonLines lines={8} label="Loading the rule" />;
  return (
    <Empty title="There is no such rule">
      <p>No rule of this id is in force. It may have been renamed, or its file has an error.</p>
      <Button className="mt-4" onClick={onClose}>
        Close
      </Button>
    </Empty>
  );
}
