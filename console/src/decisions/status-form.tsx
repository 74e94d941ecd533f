import { useState } from "react";
import type { IncidentDetail } from "@/api/types";
import { humanise } from "@/lib/format";
import { statuses } from "@/lib/url-state";
import { RadioField } from "@/ui/radio-field";
import { DecisionForm } from "./decision-form";
import type { Decided } from "./decision-words";

interface StatusFormProps {
  incident: IncidentDetail;
  onDecided: (decided: Decided) => void;
  onClose: () => void;
}

export function StatusForm({ incident, onDecided, onClose }: StatusFormProps) {
  const [status, setStatus] = useState(incident.status);
  const isChanged = status !== incident.status;
  return (
    <DecisionForm
      title="Status of the incident"
      action="Set the status"
      note="Nothing joins a resolved or closed incident: what happens next opens another. New, in progress and on hold open it again."
      decision={isChanged ? { decision: "set_status", incident: incident.id, status } : undefined}
      onDecided={onDecided}
      onClose={onClose}
    >
      <RadioField
        legend="Where does the work stand?"
        value={status}
        options={statuses.map((value) => ({ value, label: humanise(value) }))}
        onChange={setStatus}
      />
    </DecisionForm>
  );
}
