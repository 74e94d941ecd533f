import axeCore from "axe-core";
import { incidentId } from "./fixtures";
import { disabledRule, guessing, hostileRule } from "./rule-fixtures";
import { expect, test } from "./test";

declare const axe: {
  run: (
    options: object,
  ) => Promise<{ violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[] }>;
};

const main = `/incidents/${incidentId(1)}`;

const pages: {
  name: string;
  path: string;
  ready: string;
  /** What shows that the keys are heard, where that comes later than the heading. */
  listens?: string;
  keys?: string[];
  /** A button that is pressed, by its name. */
  clicks?: string;
  settled?: string;
  isChosen?: boolean;
  isSignedOut?: boolean;
}[] = [
  { name: "queue", path: "/incidents", ready: "Incidents" },
  { name: "queue with a row in focus", path: "/incidents", ready: "Incidents", keys: ["j"] },
  { name: "queue without matches", path: "/incidents?q=nothing-has-this-name", ready: "No incident matches" },
  { name: "incident", path: main, ready: "SSH brute force" },
  { name: "incident with an event", path: `${main}?sentence=3&event=raw.0.361`, ready: "SSH brute force" },
  {
    name: "incident to judge",
    path: main,
    ready: "SSH brute force",
    keys: ["v"],
    settled: "Your name",
  },
  {
    name: "incident to set the status of",
    path: main,
    ready: "SSH brute force",
    keys: ["s"],
    settled: "Where does the work stand?",
  },
  {
    name: "incident with what is known about a signal, which is judged",
    path: main,
    ready: "SSH brute force",
    keys: ["i", "m"],
    settled: "What was it?",
  },
  {
    name: "incident to merge",
    path: main,
    ready: "SSH brute force",
    keys: ["a"],
    settled: "Which one stays?",
  },
  {
    name: "incident of which signals are split off, one of them with a verdict",
    path: `${main}?signal=sig-0000000000000002`,
    ready: "SSH brute force",
    isChosen: true,
    keys: ["d"],
    settled: "They become an incident of their own",
  },
  {
    name: "incident with a signal to suppress",
    path: `${main}?signal=sig-0000000000000001`,
    ready: "SSH brute force",
    keys: ["h", "Tab", " "],
    settled: "3 confirmed attacks",
  },
  { name: "triage", path: "/triage", ready: "Hours of hosts" },
  { name: "triage of one type", path: "/triage?type=domain", ready: "Hours of hosts" },
  { name: "search", path: "/search", ready: "Ask the marts" },
  { name: "search with rows", path: "/search?q=linux | take 50&event=raw.0.1", ready: "raw.0.1" },
  { name: "search with an error", path: "/search?q=linux | wher x", ready: "The question cannot be read" },
  {
    name: "search while it is written",
    path: "/search",
    ready: "Ask the marts",
    keys: ["/", ..."linux | where us"],
    settled: "user_type",
  },
  {
    name: "search with a mistake",
    path: "/search",
    ready: "Ask the marts",
    keys: ["/", ..."linux | wher "],
    settled: "Write where",
  },
  {
    name: "search drawn",
    path: "/search?q=linux | render timechart",
    ready: "Event search",
    settled: "Failed logins",
  },
  {
    name: "search in bars",
    path: "/search?q=linux | render barchart",
    ready: "Event search",
    settled: "bastion",
  },
  {
    name: "search in steps",
    path: "/search?q=linux | partly",
    ready: "Event search",
    settled: "Partial: 13",
  },
  { name: "search refused", path: "/search?q=cross", ready: "Event search", settled: "about 9 minutes" },
  { name: "rules", path: "/rules", ready: "Rules" },
  { name: "rules with a row in focus", path: "/rules", ready: "Rules", keys: ["j"] },
  { name: "rules without matches", path: "/rules?q=nothing-has-this-name", ready: "No rule matches" },
  {
    name: "rule",
    path: `/rules?rule=${guessing}`,
    ready: "SSH password guessing",
    keys: ["b"],
    settled: "240 events",
  },
  {
    name: "rule to disable",
    path: `/rules?rule=${guessing}`,
    ready: "SSH password",
    keys: ["d"],
    settled: "Who answers",
  },
  {
    name: "rule to except",
    path: `/rules?rule=${guessing}`,
    ready: "SSH password",
    keys: ["e"],
    settled: "Add a field",
  },
  { name: "disabled rule", path: `/rules?rule=${disabledRule}`, ready: "Audit logging stopped" },
  { name: "rule with hostile names", path: `/rules?q=img&rule=${hostileRule.id}`, ready: "<img" },
  { name: "rule that is not there", path: "/rules?rule=none", ready: "There is no such rule" },
  {
    name: "event explained",
    path: `/rules?rule=${guessing}&event=raw.0.360`,
    ready: "raw.0.360",
    listens: "Which rules match this event, and why",
    keys: ["w"],
    settled: "filter_net",
  },
  { name: "coverage", path: "/rules?show=coverage", ready: "Credential access" },
  { name: "health", path: "/health", ready: "Throughput" },
  {
    name: "mart to register",
    path: "/health",
    ready: "Health",
    listens: "host startswith 'pay-'",
    clicks: "Register a mart",
    settled: "Kept for days",
  },
  {
    name: "mart to remove",
    path: "/health",
    ready: "Health",
    listens: "host startswith 'pay-'",
    clicks: "Remove payments",
    settled: "It takes no more events",
  },
  { name: "palette", path: "/health", ready: "Throughput", keys: ["Control+k"] },
  { name: "help", path: main, ready: "SSH brute force", keys: ["?"] },
  {
    name: "incident that is not there",
    path: "/incidents/inc-ffffffffffffffff",
    ready: "There is no such incident",
  },
  { name: "signed out", path: "/incidents", ready: "You are not signed in", isSignedOut: true },
  { name: "not found", path: "/nowhere", ready: "There is no such page" },
];

for (const theme of ["dark", "light"] as const) {
  for (const {
    name,
    path,
    ready,
    listens,
    keys = [],
    clicks,
    settled,
    isChosen = false,
    isSignedOut = false,
  } of pages) {
    test(`${name}, ${theme}: axe finds nothing`, async ({ page, api }) => {
      api.isSignedOut = isSignedOut;
      await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
      await page.goto(path);
      await expect(page.getByRole("heading", { name: ready }).first()).toBeVisible();
      await page.waitForLoadState("networkidle", { timeout: 1_000 }).catch(() => {});
      if (isChosen) await page.getByRole("checkbox", { name: "Choose signal 3" }).check();
      if (listens !== undefined) await expect(page.getByText(listens).first()).toBeVisible();
      for (const key of keys) await page.keyboard.press(key);
      if (clicks !== undefined) await page.getByRole("button", { name: clicks }).click();
      if (settled !== undefined) await expect(page.getByText(settled).first()).toBeVisible();
      await page.evaluate(axeCore.source);
      const { violations } = await page.evaluate(() =>
        axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"] }),
      );
      const found = violations.map(({ id, nodes }) => ({
        id,
        nodes: nodes.map((node) => `${node.html} ${node.failureSummary}`),
      }));
      expect(found).toEqual([]);
    });
  }
}
