import { useState } from "react";
import type { IncidentDetail } from "@/api/types";
import { Field } from "@/ui/field";
import { DecisionForm } from "./decision-form";
import type { Decided } from "./decision-words";

/** What the server takes at most. */
const title_chars_max = 200;

interface RetitleFormProps {
  incident: IncidentDetail;
  onDecided: (decided: Decided) => void;
  onClose: () => void;
}

export function RetitleForm({ incident, onDecided, onClose }: RetitleFormProps) {
  const [text, setText] = useState(incident.title);
  const title = text.trim();
  const isChanged = title !== "" && title !== incident.title;
  return (
    <DecisionForm
      title="Title of the incident"
      action="Give the title"
      note="It stays, whatever the platform finds later."
      decision={isChanged ? { decision: "retitle", incident: incident.id, title } : undefined}
      text={<Field label="Title" required maxLength={title_chars_max} value={text} onText={setText} />}
      onDecided={onDecided}
      onClose={onClose}
    />
  );
}
