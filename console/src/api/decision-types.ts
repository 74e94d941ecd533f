// By hand: the OpenAPI document has two schemas that are called Decision, and the other one stands there.
import type { components } from "./schema";

type Schemas = components["schemas"];
type IncidentId = Schemas["IncidentId"];

/** What somebody decides. */
export type Decision =
  | (Schemas["VerdictTarget"] & { decision: "verdict"; kind: Schemas["VerdictKind"]; reason: string })
  /** `into` stays. */
  | { decision: "merge"; into: IncidentId; from: IncidentId[] }
  | { decision: "split"; from: IncidentId; signals: Schemas["SignalId"][] }
  | { decision: "move"; from: IncidentId; into: IncidentId; signals: Schemas["SignalId"][] }
  | { decision: "retitle"; incident: IncidentId; title: string }
  | { decision: "set_status"; incident: IncidentId; status: Schemas["IncidentStatus"] }
  | { decision: "suppress"; match: Schemas["SuppressionMatch"]; reason: string; expires: string }
  | { decision: "unsuppress"; id: string }
  | ModelDecision;

/** The one in shadow is activated where no version is named. */
export type ModelDecision =
  | { decision: "roll_back_model" | "discard_shadow"; kind: Schemas["ModelKind"] }
  | { decision: "activate_model"; kind: Schemas["ModelKind"]; version?: string };
