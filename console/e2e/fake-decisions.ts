import type {
  DecisionBody,
  Edit,
  IncidentDetail,
  IncidentStatus,
  Signal,
  VerdictNote,
} from "../src/api/types";
import { FakeTriage } from "./fake-triage";
import { incident, incidentId, queue, signals } from "./fixtures";

interface Done {
  incidents: string[];
  made?: string;
  waiting?: string;
}

export type DecisionReply = { status: 200 | 202; body: Done } | { status: 400; detail: string };

/** What a split makes. */
export const madeId = incidentId(0xdef);

/** The part of the stand-in that takes decisions; it remembers them, and what they did. */
export class FakeDecisions {
  /** The factory has other work before it. */
  isBusy = false;
  /** The incident cannot be edited any more. */
  isRefusing = false;
  readonly taken: DecisionBody[] = [];
  readonly triage = new FakeTriage();
  #status: IncidentStatus = incident.status;
  #title = incident.title;
  #signals: Signal[] = signals;
  #verdict: VerdictNote | undefined;
  /** The incident that it became part of. */
  #mergedInto: string | undefined;
  #edits: Edit[] = [];

  reset() {
    this.isBusy = false;
    this.isRefusing = false;
    this.taken.length = 0;
    this.triage.reset();
    this.#status = incident.status;
    this.#title = incident.title;
    this.#signals = signals;
    this.#verdict = undefined;
    this.#mergedInto = undefined;
    this.#edits = [];
  }

  /** The incident after all that was decided. */
  incident(): IncidentDetail {
    if (this.#mergedInto !== undefined) return other(this.#mergedInto);
    return {
      ...incident,
      status: this.#status,
      title: this.#title,
      signals: this.#signals,
      signal_count: this.#signals.length,
      version: incident.version + this.#edits.length,
      edits: [...(incident.edits ?? []), ...this.#edits],
      ...(this.#verdict === undefined ? {} : { verdict: this.#verdict }),
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
    return { status: 200, body: this.#carryOut(body) };
  }

  #carryOut(body: DecisionBody): Done {
    const edited = { by: body.by, at: new Date().toISOString() };
    const incidents = [incident.id];
    switch (body.decision) {
      case "verdict": {
        const verdict = { ...edited, kind: body.kind, reason: body.reason };
        if (body.target === "incident") this.#verdict = verdict;
        else this.#signals = this.#signals.map((each) => (each.id === body.id ? { ...each, verdict } : each));
        return { incidents };
      }
      case "set_status":
        this.#status = body.status;
        this.#edits.push({ ...edited, what: "status_set", status: body.status });
        return { incidents };
      case "retitle":
        this.#title = body.title;
        this.#edits.push({ ...edited, what: "retitled", title: body.title });
        return { incidents };
      case "merge":
        if (body.into !== incident.id) this.#mergedInto = body.into;
        else for (const from of body.from) this.#edits.push({ ...edited, what: "absorbed", from });
        return { incidents };
      case "split":
        return { ...this.#takeOut(body.signals, madeId, edited), made: madeId };
      case "move":
        return this.#takeOut(body.signals, body.into, edited);
      default: {
        const made = this.triage.decide(body);
        return made === undefined ? { incidents: [] } : { incidents: [], made };
      }
    }
  }

  #takeOut(ids: string[], into: string, edited: { by: string; at: string }): Done {
    this.#signals = this.#signals.filter((each) => !ids.includes(each.id));
    this.#edits.push({ ...edited, what: "taken_out", into, signals: ids });
    return { incidents: [incident.id, into] };
  }
}

/** Any other incident of the queue, with the insides of the first. */
export function other(id: string): IncidentDetail {
  const found = queue.find((each) => each.id === id);
  if (found === undefined) throw new Error(`no incident ${id}`);
  const { signals: signal_count, ...summary } = found;
  return { ...incident, ...summary, signal_count: Number(signal_count), edits: [], absorbed: [] };
}
