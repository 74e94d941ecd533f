import { useState } from "react";
import type { VerdictKind, VerdictNote, VerdictTarget } from "@/api/types";
import { Field } from "@/ui/field";
import { RadioField } from "@/ui/radio-field";
import { DecisionForm, text_chars_max } from "./decision-form";
import { type Decided, verdictKinds } from "./decision-words";

interface VerdictFormProps {
  target: VerdictTarget;
  /** The one that counts so far: it is where the form begins. */
  known: VerdictNote | null | undefined;
  onDecided: (decided: Decided) => void;
  onClose: () => void;
}

const notes: Record<VerdictTarget["target"], string> = {
  incident:
    "It counts for each of its signals that has no verdict of its own. Detectors and risks learn from it.",
  signal: "It counts for this signal whatever the verdict on the incident is. Its detector learns from it.",
};

export function VerdictForm({ target, known, onDecided, onClose }: VerdictFormProps) {
  const [kind, setKind] = useState<VerdictKind | undefined>(known?.kind);
  const [text, setText] = useState(known?.reason ?? "");
  const reason = text.trim();
  const isReady = kind !== undefined && reason !== "";
  return (
    <DecisionForm
      title={`Verdict on the ${target.target}`}
      action="Record the verdict"
      note={
        known
          ? `${notes[target.target]} It takes the place of the verdict of ${known.by}.`
          : notes[target.target]
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
