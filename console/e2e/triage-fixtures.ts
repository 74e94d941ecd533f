import type {
  EntityRisk,
  EntityType,
  Feedback,
  Model,
  ModelCard,
  Suppression,
  SuppressionImpact,
} from "../src/api/types";
import { at, attacker, entity, sigId } from "./fixtures";

const day_ms = 86_400_000;
const inDays = (days: number) => new Date(Date.now() + days * day_ms).toISOString();

function risky(
  entity_type: EntityType,
  value: string,
  score: number,
  minute: number,
  ...reasons: [string, number, ...number[]][]
): EntityRisk {
  return {
    entity_type,
    value,
    risk: { score, low: Math.max(0, score - 0.15), high: Math.min(1, score + 0.06) },
    reasons: reasons.map(([what, log_odds, ...numbers]) => ({
      factor: "evidence",
      what,
      log_odds,
      signals: numbers.map(sigId),
    })),
    last: at(minute),
  };
}

export const entities: EntityRisk[] = [
  risky(
    "ip",
    "203.0.113.9",
    0.93,
    195,
    ["Login after a series of failures (critical)", 2.61, 3],
    ["SSH password guessing from one address (2 of 14 confirmed)", 1.2, 1],
    ["indicator 203.0.113.9 of indicators:ssh-scanners", 0.94, 1, 2, 3],
    ["Many unknown accounts tried over SSH", 0.31, 2],
  ),
  risky(
    "host",
    "gate-01.example.net",
    0.91,
    209,
    ["Audit logging stopped (critical)", 1.57, 7],
    ["tier 1 of host gate-01.example.net", 0.8, 1, 3, 4, 5, 6, 7],
  ),
  risky("user", "svc-backup", 0.84, 205, ["New account with administrator rights", 1.4, 5]),
  risky("user", "root\u202egnp.exe", 0.7, 204, ["<img src=x onerror=alert(1)>", 1.1, 4]),
  ...Array.from({ length: 22 }, (_, index) =>
    risky(
      index % 3 === 0 ? "user" : "host",
      index % 3 === 0 ? `user-${index}` : `ws-${100 + index}.example.net`,
      0.6 - index * 0.025,
      -index * 40,
      [index % 2 === 0 ? "Login from a new country" : "Port scan of 6 hosts", 0.9 - index * 0.03, 1],
    ),
  ),
];

export const madeSuppressionId = "sup-00000000000000ff";

export const suppressions: Suppression[] = [
  {
    id: "sup-0000000000000001",
    match: { rule: "00000000-0000-4000-8000-000000000001", entities: [attacker] },
    owner: "M. Keller",
    reason: "a test of the red team, announced for the whole month",
    created: inDays(-9),
    expires: inDays(21),
    suppressed: { signals: 14, happenings: 302, first: at(0), last: at(171), severity: "high" },
  },
  {
    id: "sup-0000000000000002",
    match: {
      technique: "T1046",
      entities: [entity("host", "observer", "scanner-1.example.net")],
      any_role: true,
      severity_max: "medium",
    },
    owner: "A. Silva",
    reason: "the scanner of ours",
    created: inDays(-40),
    expires: inDays(50),
    suppressed: { signals: 0, happenings: 0, severity: "unknown" },
  },
  {
    id: "sup-0000000000000003",
    match: { technique: "T1078.004" },
    owner: "A. Silva",
    reason: "the directory moves",
    created: inDays(-60),
    expires: inDays(-30),
    suppressed: { signals: 1, happenings: 1, first: at(-900), last: at(-900), severity: "low" },
  },
];

const bins: [number, number, number][] = [
  [0.05, 0.02, 64],
  [0.16, 0.11, 38],
  [0.35, 0.4, 17],
  [0.55, 0.48, 23],
  [0.74, 0.79, 19],
  [0.86, 0.83, 30],
  [0.96, 0.94, 51],
];

export const feedback: Feedback = {
  incidents_opened: 401,
  incidents_edited: 22,
  edit_rate: 22 / 401,
  merges: 6,
  splits: 3,
  moves: 1,
  retitles: 15,
  verdicts: 242,
  true_positives: 121,
  benign: 54,
  false_positives: 67,
  overrides: 19,
  override_rate: 19 / 242,
  confidence_mismatch: 0.163,
  calibrated: true,
  reliability: {
    bins: bins.map(([predicted, observed, count]) => ({
      low: Math.floor(predicted * 10) / 10,
      high: Math.floor(predicted * 10) / 10 + 0.1,
      predicted,
      observed,
      count,
    })),
    count: 242,
    malicious: 121,
    ece: 0.034,
    brier: 0.071,
    mismatch: 0.163,
  },
};

export const impact: SuppressionImpact = {
  looked_at: 4_812,
  suppressed: 37,
  confirmed: 0,
  rules: [
    ["SSH password guessing from one address", 31],
    ["Many unknown accounts tried over SSH", 6],
  ],
  severities: [
    ["high", 31],
    ["medium", 6],
  ],
  riskiest: 0.84,
  examples: [sigId(1), sigId(2)],
};

const card = (version: string, days: number, metrics: Record<string, number>): ModelCard => ({
  version,
  created: inDays(-days),
  window: { from: inDays(-days - 28), to: inDays(-days) },
  seed: 7,
  rows: { given: 48_112, learnt: 38_490, held_out: 9_622 },
  features: Array.from({ length: 24 }, (_, index) => `feature_${index}`),
  metrics,
});

const scores = (auc: number) => ({ auc, average_precision: 0.8, best_f1: 0.78, best_threshold: 11 });

const counters = {
  judged: 18_204,
  unusual: 41,
  reported: 12,
  known: 26,
  over_limit: 3,
  shadow_unusual: 33,
  learnt: 17_991,
  alerted: 213,
};

export const models: Model[] = [
  {
    kind: "sequence",
    detector: "model.sequence",
    active: card("6f1d2c3b4a596877", 3, { held_out_bits: 3.214, promised_false_positive_rate: 0.001 }),
    shadow: null,
    others: [],
    drift: { level: "none", mean_bits: 3.301 },
    training: { last: inDays(-3), next: inDays(4), verdicts: 12, verdicts_needed: 100 },
    labels: { attacks: 4, harmless: 9, open: 31, needed: 30 },
    counters,
    history: [
      {
        at: inDays(-3),
        by: "schedule",
        kind: "sequence",
        version: "6f1d2c3b4a596877",
        change: "added",
      },
      {
        at: inDays(-3),
        by: "schedule",
        kind: "sequence",
        version: "6f1d2c3b4a596877",
        change: "activated",
      },
    ],
  },
  {
    kind: "user_activity",
    detector: "model.user_activity",
    active: card("0a1b2c3d4e5f6071", 12, {
      threshold_surprise: 11.42,
      promised_false_positive_rate: 0.0005,
      anchors: 2048,
    }),
    shadow: card("8899aabbccddeeff", 1, {
      threshold_surprise: 11.9,
      promised_false_positive_rate: 0.0005,
      anchors: 2048,
    }),
    others: [
      card("1122334455667788", 26, { threshold_surprise: 10.8 }),
      card("2233445566778899", 40, { threshold_surprise: 10.1 }),
    ],
    drift: {
      level: "some",
      report: {
        rows: 2_400,
        features: [
          { feature: "logins", stability_index: 0.31, level: "strong" },
          { feature: "hosts_new", stability_index: 0.14, level: "some" },
          { feature: "bytes_out", stability_index: 0.02, level: "none" },
        ],
        score_distance: 0.06,
        score_level: "none",
        level: "some",
      },
    },
    training: { last: inDays(-1), next: inDays(6), verdicts: 71, verdicts_needed: 100 },
    labels: { attacks: 18, harmless: 44, open: 7, needed: 30 },
    counters,
    history: Array.from({ length: 7 }, (_, index) => ({
      at: inDays(-40 + index * 6),
      by: index === 3 ? "M. Keller" : "schedule",
      kind: "user_activity" as const,
      version: index % 2 === 0 ? "0a1b2c3d4e5f6071" : "8899aabbccddeeff",
      ...(index === 6
        ? {
            change: "compared" as const,
            comparison: {
              attacks: 18,
              normals: 44,
              active: scores(0.941),
              shadow: scores(0.957),
              decision: "too_few_labels" as const,
            },
          }
        : { change: (["added", "shadowed", "activated"] as const)[index % 3] ?? "added" }),
    })),
  },
  {
    kind: "host_activity",
    detector: "model.host_activity",
    active: null,
    shadow: null,
    others: [],
    drift: { level: "none" },
    training: {
      verdicts: 0,
      verdicts_needed: 100,
      reason: "never",
      missing: "212 of 500 hours, on 2 of 3 days",
    },
    labels: { attacks: 0, harmless: 0, open: 0, needed: 30 },
    counters: {
      judged: 0,
      unusual: 0,
      reported: 0,
      known: 0,
      over_limit: 0,
      shadow_unusual: 0,
      learnt: 0,
      alerted: 0,
    },
    history: [],
  },
];
