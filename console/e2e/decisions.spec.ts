import { absorbedId, incidentId } from "./fixtures";
import { expect, test } from "./test";

const main = `/incidents/${incidentId(1)}`;

test("a verdict on the incident by keyboard alone, with a reason and a name", async ({ page, api }) => {
  await page.goto(main);
  await expect(page.getByRole("heading", { level: 1, name: /SSH brute force/ })).toBeVisible();
  await page.keyboard.press("v");
  const form = page.getByRole("form", { name: "Verdict on the incident" });
  await expect(form.getByRole("radio", { name: "True positive" })).toBeFocused();
  const record = form.getByRole("button", { name: "Record the verdict" });
  await page.keyboard.press("Space");
  await page.keyboard.press("ArrowDown");
  await expect(form.getByRole("radio", { name: "Benign" })).toBeChecked();
  await page.keyboard.press("Tab");
  await page.keyboard.type("a test of the red team, announced");
  await expect(record).toBeDisabled();
  await page.keyboard.press("Tab");
  await page.keyboard.type("Anna");
  const asked = page.waitForRequest((request) => request.url().endsWith(main));
  await page.keyboard.press("Enter");

  await expect(form).toBeHidden();
  const decisions = page.getByRole("region", { name: "Decisions" });
  await expect(decisions.getByRole("status")).toHaveText("Verdict: benign, by Anna. Carried out.");
  await expect(decisions.getByRole("button", { name: "Verdict" })).toBeFocused();
  expect(api.decisions.taken).toEqual([
    {
      by: "Anna",
      decision: "verdict",
      target: "incident",
      id: incidentId(1),
      kind: "benign",
      reason: "a test of the red team, announced",
    },
  ]);
  // What stands on the page may have changed.
  await asked;
});

test("a verdict on a signal, and the name is asked only once", async ({ page, api }) => {
  await page.goto(main);
  await page
    .getByRole("table", { name: "Signals" })
    .getByRole("button", { name: /Audit logging/ })
    .click();
  const evidence = page.getByRole("region", { name: "Evidence", exact: true });
  await evidence.getByRole("button", { name: "Verdict" }).click();
  const form = evidence.getByRole("form", { name: "Verdict on the signal" });
  await form.getByRole("radio", { name: "False positive" }).check();
  await form.getByRole("textbox", { name: "Reason" }).fill("an update restarts the service");
  await form.getByRole("textbox", { name: "Your name" }).fill("Anna");
  await form.getByRole("button", { name: "Record the verdict" }).click();
  await expect(evidence.getByRole("status")).toContainText("Verdict: false positive, by Anna.");
  expect(api.decisions.taken).toEqual([
    {
      by: "Anna",
      decision: "verdict",
      target: "signal",
      id: "sig-0000000000000007",
      kind: "false_positive",
      reason: "an update restarts the service",
    },
  ]);
  await page.keyboard.press("v");
  await expect(page.getByRole("textbox", { name: "Your name" })).toHaveValue("Anna");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("form")).toHaveCount(0);
});

test("what is being written about a signal stays when the pointer crosses the story", async ({ page }) => {
  await page.goto(main);
  await expect(page.getByText("100 of 240 events loaded")).toBeVisible();
  await page.keyboard.press("m");
  const reason = page.getByRole("textbox", { name: "Reason" });
  await reason.fill("a scanner of ours");
  await page.getByRole("button", { name: /audit logging on gate-01/ }).hover();
  await expect(page.getByRole("list", { name: "Cited signals" }).getByRole("button")).toHaveText([
    /SSH password guessing/,
  ]);
  await expect(reason).toHaveValue("a scanner of ours");
});

test("a status is set, stands in the header, the history and the queue", async ({ page }) => {
  await page.goto(main);
  await expect(page.getByRole("heading", { level: 1, name: /SSH brute force/ })).toBeVisible();
  await page.keyboard.press("s");
  const form = page.getByRole("form", { name: "Status of the incident" });
  await form.getByRole("textbox", { name: "Your name" }).fill("Anna");
  await expect(form.getByRole("button", { name: "Set the status" })).toBeDisabled();
  await form.getByRole("radio", { name: "In progress" }).check();
  await form.getByRole("button", { name: "Set the status" }).click();
  await expect(page.getByRole("status").filter({ hasText: "Status: in progress" })).toBeVisible();
  await expect(page.getByRole("definition").filter({ hasText: /^In progress$/ })).toBeVisible();
  const edit = page.getByRole("region", { name: "History" }).getByRole("listitem").first();
  await expect(edit).toContainText("Status set to in progress");
  await expect(edit).toContainText("by Anna");
  await page.keyboard.press("u");
  await expect(page.getByRole("row", { name: /SSH brute force/ })).toContainText("In progress");
});

test("a decision that waits says so, and one that is refused says why and stays", async ({ page, api }) => {
  api.decisions.isRefusing = true;
  await page.goto(main);
  await expect(page.getByRole("heading", { level: 1, name: /SSH brute force/ })).toBeVisible();
  await page.keyboard.press("v");
  await page.getByRole("radio", { name: "True positive" }).check();
  await page.getByRole("textbox", { name: "Reason" }).fill("seen on the console");
  await page.getByRole("textbox", { name: "Your name" }).fill("Anna");
  await page.getByRole("button", { name: "Record the verdict" }).click();
  await expect(page.getByRole("alert")).toContainText("is not an open incident");
  await expect(page.getByRole("textbox", { name: "Reason" })).toHaveValue("seen on the console");
  expect(api.decisions.taken).toEqual([]);

  api.decisions.isRefusing = false;
  api.decisions.isBusy = true;
  await page.getByRole("button", { name: "Record the verdict" }).click();
  await expect(page.getByRole("region", { name: "Decisions" }).getByRole("status")).toHaveText(
    "Verdict: true positive, by Anna. Waiting: recorded as raw.0.4711, carried out after the events before it.",
  );
});

test("the risk says why, and each reason leads to its signals", async ({ page }) => {
  await page.goto(main);
  const why = page.getByRole("region", { name: "Why this risk" });
  const reasons = why.getByRole("listitem");
  await expect(reasons).toHaveCount(6);
  await expect(reasons.first()).toContainText("odds ×14");
  await expect(reasons.first()).toContainText("Login after a series of failures (critical)");
  await why.getByRole("button", { name: "Show all 9 reasons" }).click();
  await expect(reasons).toHaveCount(9);
  await expect(reasons.filter({ hasText: "2 of 14 confirmed" })).toContainText("odds ÷2.1");
  await reasons.filter({ hasText: "Audit logging" }).getByRole("button", { name: "Signal 7" }).click();
  await expect(page).toHaveURL(/signal=sig-0000000000000007/);
  await expect(page.getByRole("option").first()).toContainText("Security Auditing Service");

  const steps = page.getByRole("region", { name: "Kill chain" }).getByRole("listitem");
  await expect(steps).toHaveText([
    /Credential access/,
    /Initial access/,
    /Execution/,
    /Persistence/,
    /Defense evasion/,
  ]);
  await steps.nth(1).getByRole("button", { name: "Signal 3" }).click();
  await expect(page.getByRole("option").first()).toContainText("Accepted password for root");
});

test("a signal says what is known about it and who says so", async ({ page }) => {
  await page.goto(`${main}?signal=sig-0000000000000001`);
  await expect(page.getByText("100 of 240 events loaded")).toBeVisible();
  await page.keyboard.press("i");
  const known = page.getByRole("region", { name: "Known about the signal" });
  await expect(known.getByRole("region")).toHaveCount(4);
  const feed = known.getByRole("region", { name: "Intelligence" }).getByRole("listitem").first();
  await expect(feed).toContainText("203.0.113.9");
  await expect(feed).toContainText("indicators:ssh-scanners, version 9f2c41d0");
  await expect(feed).toContainText("90 % sure");
  await expect(known.getByRole("region", { name: "Controls" }).getByRole("listitem")).toHaveText([
    "soc2:CC6.1",
    "pci:8.3.4",
  ]);
  // It stays open from signal to signal.
  await page.keyboard.press("]");
  await expect(page).toHaveURL(/signal=sig-0000000000000003/);
  await expect(known.getByRole("region", { name: "Behaviour" })).toBeVisible();
  await page.keyboard.press("i");
  await expect(known).toBeHidden();
});

test("who merged, moved and retitled stands in the history, and the old id leads here", async ({ page }) => {
  await page.goto(`/incidents/${absorbedId}`);
  await expect(page).toHaveURL(new RegExp(`${main}$`));
  const history = page.getByRole("region", { name: "History" });
  await expect(history).toContainText("7 versions, 3 edits");
  const entries = history.getByRole("listitem");
  await expect(entries.filter({ hasText: "became part of it" })).toContainText(
    "both share host gate-01.example.net",
  );
  await expect(entries.filter({ hasText: "became part of it" })).toContainText("by the platform");
  await expect(entries.filter({ hasText: "Titled" })).toContainText("by M. Keller");
  await expect(history).toContainText(`These ids lead here, too: ${absorbedId}`);
  const table = page.getByRole("table", { name: "Signals" });
  await expect(table.getByRole("row", { name: /Cron entry/ })).toContainText(
    `Came with ${absorbedId}, merged by the platform; there it opened the incident`,
  );
  await entries.getByRole("link", { name: incidentId(2) }).click();
  await expect(page).toHaveURL(new RegExp(`/incidents/${incidentId(2)}$`));
});
