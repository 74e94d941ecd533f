import type {
  Comparison,
  DriftLevel,
  Model,
  ModelCard,
  ModelChange,
  ModelKind,
  RetrainReason,
  Training,
} from "@/api/types";
import { formatCount, plural } from "@/lib/format";

export const kindNames: Record<ModelKind, { title: string; note: string }> = {
  sequence: { title: "Order of events", note: "how surprising the next ten events of a user or host are" },
  user_activity: { title: "Hours of users", note: "how unusual what a user does within an hour is" },
  host_activity: { title: "Hours of hosts", note: "how unusual what happens on a host within an hour is" },
  anomaly: { title: "Anomalies", note: "how unusual a row is" },
};

export const driftWords: Record<DriftLevel, { words: string; tone: "neutral" | "warning" | "bad" }> = {
  none: { words: "No drift", tone: "neutral" },
  some: { words: "Some drift", tone: "warning" },
  strong: { words: "Strong drift", tone: "bad" },
};

const reasons: Record<RetrainReason, string> = {
  never: "there is no model yet",
  age: "the last training is long ago",
  verdicts: "many verdicts came since",
  drift: "what comes has drifted away from the training",
};

export const dueWords = (training: Training): string | undefined =>
  training.reason ? reasons[training.reason] : undefined;

export const rowsWords = ({ rows }: ModelCard): string =>
  `${plural(rows.learnt, "row")} learnt of ${formatCount(rows.given)}, ${formatCount(rows.held_out)} held out`;

/** `held_out_bits` → `held out bits` */
const metricName = (name: string) => name.replace(/_/g, " ");

/** Figures with as many digits as say something. */
export function metricText(value: number): string {
  return Number.isInteger(value) ? formatCount(value) : `${Number(value.toPrecision(3))}`;
}

export const metricsOf = (card: ModelCard): { name: string; value: string }[] =>
  Object.entries(card.metrics).map(([name, value]) => ({ name: metricName(name), value: metricText(value) }));

/** What keeps the shadow from taking over by itself, and how far it is. */
export function labelsWords({ labels }: Model): string {
  const { attacks, harmless, needed } = labels;
  if (attacks >= needed && harmless >= needed) {
    return "Enough verdicts to compare a shadow by: the better one speaks.";
  }
  const lacking = [
    ...(attacks < needed ? [`${formatCount(needed - attacks)} more on attacks`] : []),
    ...(harmless < needed ? [`${formatCount(needed - harmless)} more on harmless ones`] : []),
  ];
  return `A shadow takes over by itself after ${lacking.join(" and ")}, if it is better.`;
}

const changes: Record<ModelChange["change"], string> = {
  added: "trained",
  activated: "activated",
  rolled_back: "active again, its successor was taken back",
  shadowed: "runs in shadow",
  discarded: "shadow discarded",
  compared: "compared with the active one",
  dropped: "dropped to make room",
};

const outcomes: Record<Comparison["decision"], string> = {
  promote: "better, it took over",
  too_few_labels: "too few verdicts to tell",
  not_better: "not better",
  less_precise: "ranks better, but is less precise at the top",
};

export function changeWords(change: ModelChange): string {
  if (change.change !== "compared") return changes[change.change];
  const { active, shadow, decision } = change.comparison;
  const figures = active && shadow ? ` (area ${shadow.auc.toFixed(3)} against ${active.auc.toFixed(3)})` : "";
  return `${changes[change.change]}: ${outcomes[decision]}${figures}`;
}

/** The features that moved most, where any did. */
export const driftedFeatures = (model: Model): string[] =>
  (model.drift.report?.features ?? [])
    .filter((feature) => feature.level !== "none")
    .map((feature) => `${feature.feature} ${feature.stability_index.toFixed(2)}`);
