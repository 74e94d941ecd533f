import { useState } from "react";
import type { VerdictKind, VerdictTarget } from "@/api/types";
import { Field } from "@/ui/field";
import { RadioField } from "@/ui/radio-field";
import { DecisionForm, text_chars_max } from "./decision-form";
import { verdictKinds } from "./decision-words";

interface VerdictFormProps {
  target: VerdictTarget;
  onDecided: (words: string) => void;
  onClose: () => void;
}

export function VerdictForm({ target, onDecided, onClose }: VerdictFormProps) {
  const [kind, setKind] = useState<VerdictKind | undefined>(undefined);
  const [text, setText] = useState("");
  const reason = text.trim();
  const isReady = kind !== undefined && reason !== "";
  return (
    <DecisionForm
      title={`Verdict on the ${target.target}`}
      action="Record the verdict"
      note={
        target.target === "incident"
          ? "It counts for each of its signals that has no verdict of its own. Detectors and risks learn from it."
          : "It counts for this signal whatever the verdict on the incident is. Its detector learns from it."
      }
      decision={isReady ? { decision: "verdict", ...target, kind, reason } : undefined}
      text={<Field label="Reason" required maxLength={text_chars_max} value={text} onText={setText} />}
      onDecided={onDecided}
      onClose={onClose}
    >
      <RadioField legend="What was it?" value={kind} options={verdictKinds} onChange={setKind} />
    </DecisionForm>
  );
}
