import type { ModelDecision, ModelKind } from "@/api/types";
import { kindNames } from "./model-words";

/** Something that can be decided about the models of a kind. */
export interface Ask {
  /** Tells the button that asked. */
  id: string;
  title: string;
  action: string;
  note: string;
  decision: ModelDecision;
}

const nameOf = (kind: ModelKind) => kindNames[kind].title.toLowerCase();

export const askToRollBack = (kind: ModelKind): Ask => ({
  id: "roll-back",
  title: `Roll back: ${nameOf(kind)}`,
  action: "Roll back",
  note: "The model that spoke before speaks again. The present one is kept.",
  decision: { decision: "roll_back_model", kind },
});

/** `what` says which one: its version, or that it is the shadow. */
export const askToActivate = (kind: ModelKind, version: string, what: string): Ask => ({
  id: version,
  title: `Let ${what} speak: ${nameOf(kind)}`,
  action: "Activate",
  note: "It takes the place of the one that speaks, which is kept.",
  decision: { decision: "activate_model", kind, version },
});

export const askToDiscard = (kind: ModelKind): Ask => ({
  id: "discard",
  title: `Discard the shadow: ${nameOf(kind)}`,
  action: "Discard",
  note: "It no longer runs beside the one that speaks. The next training makes another.",
  decision: { decision: "discard_shadow", kind },
});
