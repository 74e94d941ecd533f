import type { components } from "../src/api/schema";
import type { IncidentDetail, Signal, IncidentSummary as Summary, VerdictNote } from "../src/api/types";

type Schemas = components["schemas"];
type EventDetail = Schemas["EventDetail"];

const minute_ms = 60_000;
const begin = Date.parse("2026-03-04T01:10:00Z");
export const at = (minutes: number) =>
  new Date(begin + minutes * minute_ms).toISOString().replace(/\.(\d+)Z$/, ".$1000Z");

export const entity = (
  type: Schemas["EntityType"],
  role: Schemas["Role"],
  value: string,
): Schemas["EntityRef"] => ({
  type,
  role,
  value,
});

export const attacker = entity("ip", "source", "203.0.113.9");
const host = entity("host", "target", "gate-01.example.net");
const root = entity("user", "target", "root");

export const sigId = (number: number) => `sig-${number.toString(16).padStart(16, "0")}`;
export const incidentId = (number: number) => `inc-${number.toString(16).padStart(16, "0")}`;
/** It became part of the main incident. */
export const absorbedId = incidentId(0xabc);

interface Finding {
  title: string;
  level: Schemas["Severity"];
  tactic: string;
  technique: string;
  first: number;
  last: number;
  count: number;
  events: number;
  entities: Schemas["EntityRef"][];
}

const findings: Finding[] = [
  {
    title: "SSH password guessing from one address",
    level: "high",
    tactic: "credential-access",
    technique: "T1110.001",
    first: 0,
    last: 194,
    count: 1287,
    events: 240,
    entities: [attacker, host, root],
  },
  {
    title: "Many unknown accounts tried over SSH",
    level: "medium",
    tactic: "credential-access",
    technique: "T1110.003",
    first: 4,
    last: 171,
    count: 412,
    events: 120,
    entities: [attacker, host],
  },
  {
    title: "Login after a series of failures",
    level: "critical",
    tactic: "initial-access",
    technique: "T1078",
    first: 195,
    last: 195,
    count: 1,
    events: 1,
    entities: [attacker, host, root],
  },
  {
    title: "Shell started by a package manager hook",
    level: "medium",
    tactic: "execution",
    technique: "T1059.004",
    first: 199,
    last: 203,
    count: 3,
    events: 3,
    entities: [host, root, entity("process", "related", "/usr/bin/sh")],
  },
  {
    title: "New account with administrator rights",
    level: "high",
    tactic: "persistence",
    technique: "T1136.001",
    first: 204,
    last: 205,
    count: 2,
    events: 2,
    entities: [host, root, entity("user", "target", "svc-backup")],
  },
  {
    title: "Cron entry written for root",
    level: "medium",
    tactic: "persistence",
    technique: "T1053.003",
    first: 207,
    last: 207,
    count: 1,
    events: 1,
    entities: [host, root, entity("file", "target", "/etc/cron.d/sync")],
  },
  {
    title: "Audit logging stopped",
    level: "critical",
    tactic: "defense-evasion",
    technique: "T1562.001",
    first: 209,
    last: 209,
    count: 1,
    events: 1,
    entities: [host, root],
  },
]; // prettier-ignore

function statement(
  stage: Schemas["EnrichmentStage"],
  about: Schemas["EntityRef"] | null,
  name: string,
  value: string,
  source: string,
  version: string,
  confidence: number | null = null,
): Schemas["Enrichment"] {
  return { stage, entity: about, name, value, source, version, confidence };
}

const judged: VerdictNote = {
  kind: "false_positive",
  reason: "the name service was down, <b>nobody</b> could be looked up",
  by: "M. Keller",
  at: at(220),
};

let nextOffset = 0;

function signalOf(finding: Finding, index: number): Signal {
  const events = Array.from({ length: finding.events }, () => `raw.0.${nextOffset++}`);
  const risk = { critical: 0.96, high: 0.84, medium: 0.52, low: 0.3, informational: 0.1, unknown: 0.2 };
  const score = risk[finding.level];
  return {
    id: sigId(index + 1),
    tenant: "default",
    rule: {
      id: `00000000-0000-4000-8000-00000000000${index}`,
      title: finding.title,
      kind: finding.count > 1 ? "correlation" : "sigma",
      level: finding.level,
      tags: [`attack.${finding.technique.toLowerCase()}`, `attack.${finding.tactic}`],
      pack: "core@1",
    },
    severity: finding.level,
    probability: { score, low: Math.max(0, score - 0.12), high: Math.min(1, score + 0.03) },
    first: at(finding.first),
    last: at(finding.last),
    count: finding.count,
    folded: 0,
    events,
    events_total: finding.events,
    entities: finding.entities,
    facts: [],
    techniques: [finding.technique],
    tactics: [finding.tactic],
    controls: index === 0 ? ["soc2:CC6.1", "pci:8.3.4"] : [],
    enrichments: known[index] ?? [],
    ...(index === 1 ? { verdict: judged } : {}),
  };
}

const known: Record<number, Schemas["Enrichment"][]> = {
  0: [
    statement("static", attacker, "country", "NL", "places:city.mmdb", "2026-03-01"),
    statement("static", attacker, "network_owner", "Example Hosting B.V.", "places:asn.mmdb", "2026-03-01"),
    statement("static", host, "tier", "1", "assets:cmdb.csv", "2026-02-27"),
    statement("static", root, "privilege", "privileged", "rules:privilege", "1"),
    statement(
      "intelligence",
      attacker,
      "indicator",
      "203.0.113.9",
      "indicators:ssh-scanners",
      "9f2c41d0",
      0.9,
    ),
    statement("intelligence", null, "control", "soc2:CC6.1", "controls:core", "1"),
    statement("behaviour", host, "deviation.logins_host", "7.4", "baseline:logins_per_hour", "1", 0.8),
    statement("behaviour", attacker, "first_seen.ip_host", "true", "baseline:first_seen", "1"),
  ],
  2: [statement("behaviour", root, "deviation.hour_user", "3.1", "baseline:hours", "1", 0.62)],
};

export const signals = findings.map(signalOf);

function rawLine(index: number, minutes: number): string {
  const stamp = `Mar  4 ${new Date(begin + minutes * minute_ms).toISOString().slice(11, 19)}`;
  const lines = [
    `${stamp} gate-01 sshd[${4100 + index}]: Failed password for root from 203.0.113.9 port ${40000 + index} ssh2`,
    `${stamp} gate-01 sshd[${5100 + index}]: Invalid user oper${index} from 203.0.113.9 port ${41000 + index}`,
    `${stamp} gate-01 sshd[6120]: Accepted password for root from 203.0.113.9 port 43111 ssh2`,
    `${stamp} gate-01 audit[6301]: EXECVE argc=3 a0="sh" a1="-c" a2="id\u001b[2K"`,
    `${stamp} gate-01 useradd[6402]: new user: name=svc-backup, UID=0, GID=0, home=/var/lib/svc`,
    `${stamp} gate-01 crond[6501]: (root) RELOAD (/etc/cron.d/sync)`,
    `${stamp} gate-01 systemd[1]: Stopped auditd.service - Security Auditing Service.`,
  ];
  return lines[index % 1000 === 999 ? 0 : Math.min(index, lines.length - 1)] ?? "";
}

const header: Record<number, Record<string, string>> = {
  0: { code: "LL03", outcome: "failure", user: "root", src_ip: "203.0.113.9" },
  1: { code: "LL03", outcome: "failure", user: "oper", src_ip: "203.0.113.9" },
  2: { code: "LL01", outcome: "success", user: "root", src_ip: "203.0.113.9" },
  4: { code: "SA01", outcome: "success", user: "root", target_user: "svc-backup" },
};

function eventsOf(signal: Signal, place: number): EventDetail[] {
  const from = Date.parse(signal.first);
  const span = Date.parse(signal.last) - from;
  return signal.events.map((id, index) => {
    const minutes = (from + (span * index) / Math.max(1, signal.events.length - 1) - begin) / minute_ms;
    const raw = rawLine(place, minutes).replace(/port \d+/, `port ${40_000 + index * 7}`);
    return {
      id,
      mart: "linux",
      time: at(minutes),
      seen: at(minutes + 0.01),
      header: {
        host: "gate-01.example.net",
        app: "sshd",
        format: "syslog",
        source_position: `${index + 1}`,
        ...header[place],
      },
      fields: [
        ["program", "sshd"],
        ["pid", `${4100 + index}`],
        ["message", raw.slice(raw.indexOf(": ") + 2)],
      ],
      raw,
      raw_base64: Buffer.from(raw).toString("base64"),
    };
  });
}

export const events = new Map(signals.flatMap(eventsOf).map((event) => [event.id, event]));

const sentences: Schemas["Sentence"][] = [
  {
    role: "headline",
    text: "After 1,287 failed SSH logins, 203.0.113.9 logged in to gate-01.example.net as root and made itself at home.",
    signals: [sigId(1), sigId(3), sigId(5)],
  },
  {
    role: "event",
    text: "From 01:10 to 04:24 UTC the address 203.0.113.9 tried passwords 1,287 times, for root and for 412 unknown accounts.",
    signals: [sigId(1), sigId(2)],
  },
  { role: "event", text: "At 04:25 a login as root from the same address succeeded.", signals: [sigId(3)] },
  {
    role: "event",
    text: "Within 14 minutes root started a shell 3 times, created the account svc-backup with administrator rights and wrote the cron entry /etc/cron.d/sync.",
    signals: [sigId(4), sigId(5), sigId(6)],
  },
  {
    role: "outcome",
    text: "At 04:39 audit logging on gate-01.example.net stopped; nothing from this host was recorded after that.",
    signals: [sigId(7)],
  },
  {
    role: "assessment",
    text: "A compromise is very likely: a success follows the failures from the same address, and persistence follows the success.",
    signals: [sigId(1), sigId(3), sigId(5), sigId(7)],
  },
  { role: "gap", text: "Whether svc-backup was used later is not known.", signals: [sigId(5)] },
]; // prettier-ignore

const main: Summary = {
  id: incidentId(1),
  title: "SSH brute force with successful login from 203.0.113.9",
  status: "new",
  severity: "critical",
  risk: { score: 0.94, low: 0.86, high: 0.98 },
  entities: [
    attacker,
    host,
    root,
    entity("user", "target", "svc-backup"),
    entity("process", "related", "/usr/bin/sh"),
    entity("file", "target", "/etc/cron.d/sync"),
  ],
  techniques: ["T1053.003", "T1059.004", "T1078", "T1110.001", "T1110.003", "T1136.001", "T1562.001"],
  tactics: ["initial-access", "execution", "persistence", "defense-evasion", "credential-access"],
  first: at(0),
  last: at(209),
  signals: signals.length,
  events: 368,
  headline: sentences[0]?.text ?? "",
  version: 7,
  created: at(2),
  updated: new Date(Date.now() - 4 * minute_ms).toISOString(),
};

export const incident: IncidentDetail = {
  ...main,
  signals,
  signal_count: signals.length,
  narrative: { template_version: 1, sentences },
  joins: signals.map((signal, index) => ({ signal: signal.id, ...joined(index) })),
  history: signals.map((_, index) => ({
    version: index + 1,
    updated: at(2 + index * 30),
    title: index < 2 ? "SSH brute force from 203.0.113.9" : main.title,
    risk: { score: [0.42, 0.55, 0.81, 0.83, 0.9, 0.91, 0.94][index] ?? 0.9, low: 0.3, high: 0.98 },
    signals: index + 1,
  })),
  reasons: [
    because("evidence", "Login after a series of failures (critical)", 2.61, 3),
    because("evidence", "Audit logging stopped (critical)", 1.57, 7),
    because("kill_chain", "credential-access, then initial-access, then persistence", 1.2, 1, 3, 5, 7),
    because("indicator", "indicator 203.0.113.9 of indicators:ssh-scanners", 0.94, 1, 2, 3),
    because("asset", "tier 1 of host gate-01.example.net", 0.8, 1, 2, 3, 4, 5, 6, 7),
    because("precision", "SSH password guessing from one address (2 of 14 confirmed)", -0.72, 1),
    because("identity", "privilege privileged of user root", 0.7, 1, 3, 4),
    because("behaviour", "7.4 deviations above the baseline of host gate-01.example.net", 0.4, 1),
    because("calibration", "risks near 95 % were malicious in 9 of 10 cases", -0.09),
  ],
  chain: [
    { tactic: "credential-access", signal: sigId(1), at: at(0) },
    { tactic: "initial-access", signal: sigId(3), at: at(195) },
    { tactic: "execution", signal: sigId(4), at: at(199) },
    { tactic: "persistence", signal: sigId(5), at: at(204) },
    { tactic: "defense-evasion", signal: sigId(7), at: at(209) },
  ],
  edits: [
    {
      at: at(152),
      what: "absorbed",
      from: absorbedId,
      over: { reason: "shared_entity", entity_type: "host", value: "gate-01.example.net" },
    },
    { by: "M. Keller", at: at(171), what: "brought_in", from: incidentId(2), signals: [sigId(7)] },
    { by: "M. Keller", at: at(175), what: "retitled", title: main.title },
  ],
  absorbed: [absorbedId],
};

function joined(index: number): Schemas["JoinReason"] {
  if (index === 0) return { reason: "opened" };
  if (index < 3) return { reason: "shared_entity", entity_type: "ip", value: "203.0.113.9" };
  if (index === 3) return { reason: "process_tree", host: "gate-01", process: "/usr/sbin/sshd" };
  if (index === 4) return { reason: "shared_entity", entity_type: "host", value: "gate-01.example.net" };
  if (index === 5) return { reason: "merged", from: absorbedId, was: { reason: "opened" } };
  return { reason: "moved", from: incidentId(2), by: "M. Keller", was: { reason: "opened" } };
}

function because(
  factor: Schemas["RiskFactor"],
  what: string,
  log_odds: number,
  ...numbers: number[]
): Schemas["RiskReason"] {
  return { factor, what, log_odds, signals: numbers.map(sigId) };
}

const kinds: {
  title: string;
  headline: string;
  severity: Schemas["Severity"];
  score: number;
  technique: string;
}[] = [
  {
    title: "Password spraying against 38 accounts",
    headline: "198.51.100.23 tried one password on 38 accounts of the directory; none of them let it in.",
    severity: "high",
    score: 0.78,
    technique: "T1110.003",
  },
  {
    title: "Encoded PowerShell on ws-114",
    headline: "A document opened by m.keller started PowerShell with an encoded command on ws-114.",
    severity: "high",
    score: 0.71,
    technique: "T1059.001",
  },
  {
    title: "Access keys created for a dormant account",
    headline:
      "The cloud account deploy-old, silent for 90 days, was given two new access keys from 192.0.2.44.",
    severity: "medium",
    score: 0.55,
    technique: "T1098.001",
  },
  {
    title: "Firewall rule opened to any address",
    headline: "The rule allow-mgmt on fw-edge was changed to accept connections from any address.",
    severity: "medium",
    score: 0.36,
    technique: "T1562.004",
  },
  {
    title: "Port scan of 6 hosts",
    headline: "192.0.2.77 touched 1,024 ports of 6 hosts within 3 minutes.",
    severity: "low",
    score: 0.18,
    technique: "T1046",
  },
  {
    title: "Login from a new country",
    headline: "a.silva logged in from an address that was never seen for this account.",
    severity: "informational",
    score: 0.07,
    technique: "T1078",
  },
]; // prettier-ignore

const statuses: Schemas["IncidentStatus"][] = ["new", "new", "in_progress", "new", "on_hold", "resolved"];

function summaryOf(index: number): Summary {
  const kind = kinds[index % kinds.length] ?? kinds[0];
  if (kind === undefined) throw new Error("no kinds");
  const age = 7 + index * 13;
  return {
    ...main,
    id: incidentId(index + 2),
    title: index < kinds.length ? kind.title : `${kind.title} (${index + 1})`,
    headline: kind.headline,
    severity: kind.severity,
    status: statuses[index % statuses.length] ?? "new",
    risk: { score: kind.score, low: Math.max(0, kind.score - 0.18), high: Math.min(1, kind.score + 0.11) },
    entities: [
      entity("ip", "source", `198.51.100.${(index % 250) + 1}`),
      entity("host", "target", `ws-${100 + index}.example.net`),
      entity("user", "actor", ["m.keller", "a.silva", "deploy-old"][index % 3] ?? "root"),
    ],
    techniques: [kind.technique],
    tactics: ["credential-access"],
    first: at(-index * 17),
    last: at(-index * 17 + (index % 5) * 23),
    signals: (index % 4) + 1,
    events: (index % 9) * 41 + 3,
    version: 1,
    created: at(0),
    updated: new Date(Date.now() - age * minute_ms).toISOString(),
    ...(index % 10 === 4 ? { verdict: { ...judged, kind: "benign", reason: "the yearly scan" } } : {}),
  };
}

export const queue: Summary[] = [main, ...Array.from({ length: 400 }, (_, index) => summaryOf(index))];

const pipeline: Schemas["Pipeline"] = {
  events_total: 4_812_377,
  events_per_second: 2140.4,
  bytes_total: 1_932_114_001,
  bytes_per_second: 851_204,
  lag_records: 0,
  signals_total: 1932,
  incidents_total: 401,
  dead_letters_total: 14,
  last_progress: new Date().toISOString(),
  state: "working",
};

export const status = (): Schemas["Status"] => ({
  version: "0.1.0",
  schema_version: 1,
  tenant: "default",
  tenants: ["default"],
  started: new Date(Date.now() - 5_460_000).toISOString(),
  now: new Date().toISOString(),
  rules: { loaded: 63, problems: 2 },
  pipeline: { ...pipeline, last_progress: new Date().toISOString() },
  marts: [
    {
      mart: "linux",
      segments: 12,
      rows: 3_204_118,
      bytes: 182_334_120,
      memory_rows: 8_112,
      segments_unread: 0,
      rows_unread: 0,
      rows_retired: 0,
      bytes_retired: 0,
      first: at(-9000),
      last: at(209),
    },
    {
      mart: "windows",
      segments: 7,
      rows: 1_402_009,
      bytes: 120_004_771,
      memory_rows: 1_004,
      segments_unread: 0,
      rows_unread: 0,
      rows_retired: 0,
      bytes_retired: 0,
      first: at(-7000),
      last: at(180),
    },
    {
      mart: "cloud",
      segments: 2,
      rows: 206_250,
      bytes: 24_114_902,
      memory_rows: 0,
      segments_unread: 0,
      rows_unread: 0,
      rows_retired: 0,
      bytes_retired: 0,
      first: at(-5000),
      last: at(120),
    },
  ],
  dead_letters: [
    { reason: "malformed", count: 11 },
    { reason: "too_long", count: 2 },
    { reason: "binary", count: 1 },
  ],
  listeners: [
    { name: "http", address: "127.0.0.1:8080" },
    { name: "syslog udp", address: "127.0.0.1:5514" },
    { name: "syslog tcp", address: "127.0.0.1:5514" },
  ],
});

const well = { state: "well", why: "", failing: 0 } as const;
export const engines: Schemas["EngineStatus"][] = [
  { ...well, name: "marts", calls: 812, usual_ms: 41.5 },
  { ...well, name: "records", calls: 230, usual_ms: 3.25 },
  {
    ...well,
    name: "forensic",
    state: "full",
    why: "of its budget of 67108864 bytes 66900000 are used; 312 events gave way to others and for 0 there was no room",
    calls: 18,
    usual_ms: 12,
  },
  { ...well, name: "vectors", calls: 0, usual_ms: 0 },
];

export const history = (): Schemas["StatusHistory"] => ({
  points: Array.from({ length: 180 }, (_, index) => ({
    time: new Date(Date.now() - (180 - index) * 5_000).toISOString(),
    events_per_second:
      1900 +
      600 * Math.sin(index / 17) +
      180 * Math.sin(index / 3.1) +
      (index > 120 && index < 134 ? 2600 : 0),
    bytes_per_second: 800_000,
    lag_records: index > 122 && index < 146 ? (146 - index) * 900 : 0,
  })),
});

const reasons: Schemas["DeadReason"][] = ["malformed", "malformed", "too_long", "binary"];

export const deadLetters: Schemas["DeadLetterItem"][] = Array.from({ length: 14 }, (_, index) => ({
  id: `dead.0.${index}`,
  event: `raw.0.${9000 + index}`,
  reason: reasons[index % reasons.length] ?? "malformed",
  detail:
    [
      "no closing brace at byte 212",
      "the priority is not a number",
      "the line has 1,200,331 bytes, the limit is 1,048,576",
      "3 zero bytes in the first 512",
    ][index % 4] ?? "",
  received: new Date(Date.now() - index * 71_000).toISOString(),
  source: { kind: "file", origin: "/var/log/import/appliance.log", format: null, reference: at(0) },
  position: 118 + index * 37,
  excerpt:
    [
      '{"time":"2026-03-04T01:1',
      "<x13>Mar  4 01:10:00 gate-01 app: hello",
      "AAAAAAAAAAAAAAAA",
      "\u0000\u0000\u0000PK\u0003\u0004",
    ][index % 4] ?? "",
}));

export const rules: Schemas["RulesView"] = {
  rules: findings.map((finding, index) => ({
    id: `00000000-0000-4000-8000-00000000000${index}`,
    title: finding.title,
    kind: "sigma",
    level: finding.level,
    tags: [],
    pack: "core@1",
    matches: finding.count,
    cost: { evaluations: 40, candidates: 12, hits: finding.count, tried_bytes: 0, time_us: 1_800 },
  })),
  problems: [
    {
      path: "rules/web/upload.yml",
      line: 14,
      rule: "Upload of a script",
      severity: "error",
      message: "unknown modifier 'startwith', did you mean 'startswith'?",
    },
    {
      path: "rules/linux/sudo.yml",
      line: 9,
      rule: "Sudo by a service account",
      severity: "warning",
      message: "the condition names no selection 'filter_main'",
    },
  ],
};
