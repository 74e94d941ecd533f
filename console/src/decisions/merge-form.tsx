import { useState } from "react";
import type { IncidentDetail } from "@/api/types";
import { RadioField } from "@/ui/radio-field";
import { DecisionForm } from "./decision-form";
import type { Decided } from "./decision-words";
import { IncidentPicker } from "./incident-picker";

interface MergeFormProps {
  incident: IncidentDetail;
  /** `into` is the incident that stays. */
  onDecided: (decided: Decided, into: string) => void;
  onClose: () => void;
}

const sides = [
  { value: "this", label: "This one", note: "The other becomes part of it." },
  { value: "other", label: "The other", note: "This one becomes part of it." },
] as const;

export function MergeForm({ incident, onDecided, onClose }: MergeFormProps) {
  const [other, setOther] = useState<string | undefined>(undefined);
  const [stays, setStays] = useState<"this" | "other">("this");
  const [into, from] = stays === "this" ? [incident.id, other] : [other, incident.id];
  const isReady = into !== undefined && from !== undefined;
  return (
    <DecisionForm
      title="Merge with another incident"
      action="Merge"
      note="All signals come together, with the reasons why each is there. The id that goes leads to the one that stays. If the two were taken apart before, that is revoked."
      decision={isReady ? { decision: "merge", into, from: [from] } : undefined}
      onDecided={(decided) => onDecided(decided, into ?? incident.id)}
      onClose={onClose}
    >
      <IncidentPicker than={incident.id} value={other} onChange={setOther} />
      <RadioField legend="Which one stays?" value={stays} options={sides} onChange={setStays} />
    </DecisionForm>
  );
}
