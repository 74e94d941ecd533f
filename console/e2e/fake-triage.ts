import type {
  DecisionBody,
  Model,
  ModelKind,
  Models,
  Suppression,
  SuppressionImpact,
  SuppressionMatch,
  Triage,
} from "../src/api/types";
import { entities, feedback, impact, madeSuppressionId, models, suppressions } from "./triage-fixtures";

/** The part of the stand-in that knows entities, suppressions and models. */
export class FakeTriage {
  /** Nothing has happened yet. */
  isEmpty = false;
  /** The server has no models. */
  isWithoutModels = false;
  readonly previewed: SuppressionMatch[] = [];
  #suppressions: Suppression[] = suppressions;
  #models: Model[] = models;

  reset() {
    this.isEmpty = false;
    this.isWithoutModels = false;
    this.previewed.length = 0;
    this.#suppressions = suppressions;
    this.#models = models;
  }

  view(): Triage {
    if (this.isEmpty) return { entities: [], suppressions: [] };
    return { entities, suppressions: this.#suppressions, feedback };
  }

  /** The figures of the machinery are not drawn. */
  models(): Pick<Models, "models"> {
    return { models: this.#models };
  }

  /** A rule without entities would have hidden an attack. */
  preview(match: SuppressionMatch): SuppressionImpact {
    this.previewed.push(match);
    return match.entities === undefined ? { ...impact, suppressed: 214, confirmed: 3 } : impact;
  }

  decide(body: DecisionBody): string | undefined {
    if (body.decision === "suppress") {
      const { by: owner, match, reason, expires } = body;
      const created = new Date().toISOString();
      const suppressed = { signals: 0, happenings: 0, severity: "unknown" } as const;
      this.#suppressions = [
        ...this.#suppressions,
        { id: madeSuppressionId, match, owner, reason, created, expires, suppressed },
      ];
      return madeSuppressionId;
    }
    if (body.decision === "unsuppress") {
      this.#suppressions = this.#suppressions.filter((each) => each.id !== body.id);
    }
    if (body.decision === "discard_shadow") this.#change(body.kind, (model) => ({ ...model, shadow: null }));
    if (body.decision === "activate_model") {
      this.#change(body.kind, (model) => {
        const found = [model.shadow, ...model.others].find((card) => card?.version === body.version);
        if (!found) return model;
        const others = [model.active, ...model.others].flatMap((card) => (card ? [card] : []));
        return { ...model, active: found, shadow: null, others };
      });
    }
    return undefined;
  }

  #change(kind: ModelKind, how: (model: Model) => Model) {
    this.#models = this.#models.map((model) => (model.kind === kind ? how(model) : model));
  }
}
