import { useState } from "react";
import { plural } from "@/lib/format";
import { DecisionForm } from "./decision-form";
import type { Decided } from "./decision-words";
import { IncidentPicker } from "./incident-picker";

interface SignalsFormProps {
  incident: string;
  /** Those that are taken out. */
  signals: string[];
  /** They are all there are. */
  isAll: boolean;
  onDecided: (decided: Decided) => void;
  onClose: () => void;
}

export function SplitForm({ incident, signals, isAll, onDecided, onClose }: SignalsFormProps) {
  const isReady = signals.length > 0 && !isAll;
  return (
    <DecisionForm
      title={`Split ${plural(signals.length, "signal")} off`}
      action="Split off"
      note={
        isAll
          ? "These are all signals of the incident: leave at least one here."
          : "They become an incident of their own. The platform never merges the two again; you can."
      }
      decision={isReady ? { decision: "split", from: incident, signals } : undefined}
      onDecided={onDecided}
      onClose={onClose}
    />
  );
}

export function MoveForm({ incident, signals, isAll, onDecided, onClose }: SignalsFormProps) {
  const [into, setInto] = useState<string | undefined>(undefined);
  const isReady = signals.length > 0 && into !== undefined;
  return (
    <DecisionForm
      title={`Move ${plural(signals.length, "signal")} to another incident`}
      action="Move"
      note={
        isAll
          ? "These are all signals of the incident: it becomes part of the other."
          : "They belong to the other from then on. The platform never merges the two; you can."
      }
      decision={isReady ? { decision: "move", from: incident, into, signals } : undefined}
      onDecided={onDecided}
      onClose={onClose}
    >
      <IncidentPicker than={incident} value={into} onChange={setInto} />
    </DecisionForm>
  );
}
