import type { DecisionBody, Edit, IncidentDetail, IncidentStatus } from "../src/api/types";
import { incident } from "./fixtures";

export type DecisionReply =
  | { status: 200 | 202; body: { incidents: string[]; waiting?: string } }
  | { status: 400; detail: string };

/** The part of the stand-in that takes decisions; it remembers them, and what they did to the incident. */
export class FakeDecisions {
  /** The factory has other work before it. */
  isBusy = false;
  /** The incident cannot be edited any more. */
  isRefusing = false;
  readonly taken: DecisionBody[] = [];
  #status: IncidentStatus = incident.status;
  #edits: Edit[] = [];

  reset() {
    this.isBusy = false;
    this.isRefusing = false;
    this.taken.length = 0;
    this.#status = incident.status;
    this.#edits = [];
  }

  /** The incident after all that was decided. */
  incident(): IncidentDetail {
    return {
      ...incident,
      status: this.#status,
      version: incident.version + this.#edits.length,
      edits: [...(incident.edits ?? []), ...this.#edits],
    };
  }

  decide(body: DecisionBody): DecisionReply {
    if (body.by.trim() === "") return { status: 400, detail: "by has 1 to 1000 characters" };
    if (this.isRefusing) {
      return {
        status: 400,
        detail: `${incident.id} is not an open incident; restore it before it is edited`,
      };
    }
    this.taken.push(body);
    if (this.isBusy) return { status: 202, body: { incidents: [], waiting: "raw.0.4711" } };
    if (body.decision === "set_status") {
      this.#status = body.status;
      this.#edits.push({
        by: body.by,
        at: new Date().toISOString(),
        what: "status_set",
        status: body.status,
      });
    }
    return { status: 200, body: { incidents: [incident.id] } };
  }
}
