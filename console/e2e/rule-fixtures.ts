import type { BacktestAnswer, BacktestMatch, Coverage, Explanation, Tuning } from "../src/api/rule-types";
import type { Rule } from "../src/api/types";
import { at, rules, signals } from "./fixtures";

const levels: Rule["level"][] = ["high", "medium", "low", "informational", "medium"];
const kinds: Rule["kind"][] = ["sigma", "sigma", "yaral", "correlation"];
const packs = ["core@1", "windows@3", "cloud@2"];
const techniques: [string, string][] = [
  ["T1059.001", "execution"],
  ["T1003", "credential-access"],
  ["T1021.002", "lateral-movement"],
  ["T1547.001", "persistence"],
  ["T1562.001", "defense-evasion"],
  ["T1041", "exfiltration"],
];

const generated: Rule[] = Array.from({ length: 4_000 }, (_, index) => {
  const [technique, tactic] = techniques[index % techniques.length] ?? ["T1059", "execution"];
  return {
    id: `10000000-0000-4000-8000-${index.toString().padStart(12, "0")}`,
    title: `Suspicious process ${index + 1}`,
    kind: kinds[index % kinds.length] ?? "sigma",
    level: levels[index % levels.length] ?? "low",
    tags: [`attack.${technique.toLowerCase()}`, `attack.${tactic.replace("-", "_")}`],
    pack: packs[index % packs.length] ?? "core@1",
    matches: index % 17 === 0 ? 4_000 - index : 0,
    cost: {
      evaluations: 900 - (index % 900),
      candidates: index % 17 === 0 ? 9_000 - index : index % 7,
      hits: index % 17 === 0 ? 4_000 - index : 0,
      tried_bytes: 0,
      time_us: (index * 7_919) % 90_000,
    },
  };
});

export const hostileRule: Rule = {
  id: "evil-rule",
  title: "<img src=x onerror=alert(1)> \u202egnp.exe\u001b[2J",
  kind: "yaral",
  level: "low",
  tags: ["attack.t1027", "cve.2026-1\u200b"],
  pack: "<b>pack</b>",
  matches: 3,
  cost: { evaluations: 40, candidates: 12, hits: 3, tried_bytes: 0, time_us: 1_800 },
};

export const guessing = signals[0]?.rule.id ?? "";
export const login = signals[2]?.rule.id ?? "";
export const disabledRule = signals[6]?.rule.id ?? "";

const named: Rule[] = rules.rules.map((rule, index) => ({
  ...rule,
  kind: signals[index]?.rule.kind ?? "sigma",
  tags: signals[index]?.rule.tags ?? [],
}));

export const allRules = { rules: [...named, hostileRule, ...generated], problems: rules.problems };

const used = (hidden: number) => ({
  hidden,
  first: hidden > 0 ? at(0) : null,
  last: hidden > 0 ? at(209) : null,
});

export const firstTuning = (): Tuning => ({
  disabled: [
    {
      rule: disabledRule,
      owner: "m.keller",
      reason: "Maintenance stops auditd every night until the migration is over.",
      since: new Date(Date.now() - 3 * 86_400_000).toISOString(),
      until: "2099-01-01T00:00:00Z",
      used: used(41),
    },
  ],
  exceptions: [
    {
      id: "scanner",
      scope: { rules: [guessing] },
      condition: { src_ip: ["198.51.100.7", "198.51.100.8"], "user|startswith": "scan-" },
      owner: "a.silva",
      reason: "The vulnerability scanner tries passwords on purpose.",
      created: at(0),
      expires: "2099-01-01T00:00:00Z",
      expired: false,
      used: used(1_287),
    },
    {
      id: "old-migration",
      scope: { pack: "core" },
      condition: [{ host: "old-01" }, { host: "old-02\u202e" }],
      owner: "m.keller",
      reason: "The move of the old hosts.",
      created: at(0),
      expires: at(10),
      expired: true,
      used: used(0),
    },
  ],
});

const matchOf = (index: number): BacktestMatch => {
  const signal = signals[index];
  const events = signal?.events ?? [];
  return {
    rule: signal?.rule.id ?? "",
    event: events.at(-1) ?? "",
    time: signal?.last ?? at(0),
    group: index === 0 ? [["src_ip", "203.0.113.9"]] : [],
    events: events.length,
    count: signal?.count ?? 1,
    first: signal?.first ?? at(0),
    last: signal?.last ?? at(0),
    evidence: [...events.slice(0, 10), ...events.slice(10).slice(-10)],
  };
};

export function backtest(ids: string[]): BacktestAnswer {
  const found = allRules.rules.filter((rule) => ids.includes(rule.id));
  const matches = signals.flatMap(({ rule }, index) => (ids.includes(rule.id) ? [matchOf(index)] : []));
  return {
    events: 4_812_377,
    elapsed_ms: 1_204,
    rules: found.map((rule) => ({ ...rule, matches: matches.length })),
    matches,
    not_described: 0,
    problems: [],
  };
}

const test = (matched: boolean, text: string, wanted: string[], found: string[], reason: string) => ({
  matched,
  kind: "test" as const,
  field: text.split("|")[0] ?? null,
  test: text,
  wanted,
  wanted_total: wanted.length === 3 ? 120 : wanted.length,
  found,
  found_total: found.length,
  reason,
  line: 12,
});

export function explain(ids: string[] | undefined): Explanation[] {
  const ref = (id: string) => {
    const rule = allRules.rules.find((each) => each.id === id);
    if (rule === undefined) throw new Error(`no rule ${id}`);
    const { matches: _, ...reference } = rule;
    return reference;
  };
  if (ids !== undefined) {
    return ids.map((id) => ({
      rule: ref(id),
      matched: false,
      routing: {
        taken: false,
        reason: "not routed: rule wants windows/process_creation, event is linux/sshd",
      },
      condition: ["selection"],
      tree: test(false, "CommandLine|contains", ["-enc"], [], "field CommandLine absent"),
    }));
  }
  return [
    {
      rule: ref(login),
      matched: true,
      routing: { taken: true, reason: "rule wants linux/sshd; event is linux/sshd" },
      condition: ["selection and not 1 of filter_*"],
      tree: {
        matched: true,
        kind: "all",
        parts: [
          {
            matched: true,
            kind: "selection",
            name: "selection",
            parts: [
              test(
                true,
                "message|startswith",
                ["Accepted password"],
                ["Accepted password for root\u001b[2K <script>"],
                'value starts with "Accepted password"',
              ),
            ],
          },
          {
            matched: true,
            kind: "not",
            parts: [
              {
                matched: false,
                kind: "of",
                words: "1 of filter_*",
                needed: 1,
                parts: [
                  {
                    matched: false,
                    kind: "selection",
                    name: "filter_admins",
                    parts: [
                      test(
                        false,
                        "user",
                        ["adm-1", "adm-2", "adm-3"],
                        ["root"],
                        '"root" is none of the 120 wanted',
                      ),
                    ],
                  },
                  {
                    matched: false,
                    kind: "selection",
                    name: "filter_net",
                    parts: [
                      test(
                        false,
                        "src_ip|cidr",
                        ["10.0.0.0/8"],
                        ["203.0.113.9"],
                        "203.0.113.9 is not in 10.0.0.0/8",
                      ),
                    ],
                  },
                ],
              },
            ],
          },
        ],
      },
    },
  ];
}

export function coverage(disabled: string[]): Coverage {
  const covered: Coverage["techniques"] = {};
  const tactics = new Map<string, Coverage["tactics"][number]>();
  for (const rule of allRules.rules) {
    const names = rule.tags.flatMap((tag) => /^attack\.(t\d.*)$/.exec(tag)?.[1]?.toUpperCase() ?? []);
    const tactic = rule.tags
      .flatMap((tag) => /^attack\.([a-su-z].*|t\D.*)$/.exec(tag)?.[1] ?? [])[0]
      ?.replace("_", "-");
    const isDisabled = disabled.includes(rule.id);
    for (const name of names) {
      covered[name] ??= { rules: 0, disabled: 0, by_level: {}, rule_ids: [] };
      const technique = covered[name];
      if (isDisabled) technique.disabled += 1;
      else {
        technique.rules += 1;
        technique.by_level[rule.level] = (technique.by_level[rule.level] ?? 0) + 1;
        technique.rule_ids.push(rule.id);
      }
      if (tactic === undefined || isDisabled) continue;
      const column = tactics.get(tactic) ?? { tactic, rules: 0, techniques: {} };
      column.rules += 1;
      column.techniques[name] = (column.techniques[name] ?? 0) + 1;
      tactics.set(tactic, column);
    }
  }
  return {
    rules: allRules.rules.length - disabled.length,
    disabled: disabled.length,
    techniques: covered,
    tactics: [...tactics.values()],
    only_disabled: Object.keys(covered).filter((id) => covered[id]?.rules === 0),
    navigator: { name: "Sentra", domain: "enterprise-attack", techniques: [] },
  };
}
