import { incidentId } from "./fixtures";
import { expect, test } from "./test";
import { suppressions } from "./triage-fixtures";

test("the riskiest entities, why, and the queue of each", async ({ page }) => {
  await page.goto("/incidents");
  await expect(page.getByRole("link", { name: /SSH brute force/ })).toBeVisible();
  await page.keyboard.press("g");
  await page.keyboard.press("t");
  await expect(page).toHaveURL(/\/triage$/);
  const panel = page.getByRole("region", { name: "Riskiest entities", exact: true });
  const rows = panel.getByRole("row");
  await expect(rows).toHaveCount(11);
  await expect(rows.nth(1)).toContainText("203.0.113.9");
  await expect(rows.nth(1).getByRole("listitem").first()).toHaveText(
    "×14Login after a series of failures (critical)",
  );
  await expect(rows.nth(1)).toContainText("and 1 other reason");
  await panel.getByRole("button", { name: "Show all 26 entities" }).click();
  await expect(rows).toHaveCount(27);
  await panel.getByRole("button", { name: "Type" }).click();
  await page.getByRole("menuitemradio", { name: "User" }).click();
  await expect(page).toHaveURL(/type=user/);
  await expect(rows.nth(1)).toContainText("svc-backup");
  // What was named by an attacker is text.
  await expect(rows.filter({ hasText: "root" })).toContainText("root\\u202egnp.exe");
  await expect(rows.filter({ hasText: "root" })).toContainText("<img src=x onerror=alert(1)>");
  await panel.getByRole("link", { name: "svc-backup" }).click();
  await expect(page).toHaveURL(/\/incidents\?q=svc-backup$/);
});

test("suppressions say what they kept back, and one is ended", async ({ page, api }) => {
  await page.goto("/triage");
  const panel = page.getByRole("region", { name: "Suppressions" });
  await expect(panel).toContainText("2 in force");
  const items = panel.locator("ul > li");
  await expect(items).toHaveCount(3);
  await expect(items.nth(0)).toContainText("14 findings kept back, up to High");
  await expect(items.nth(0)).toContainText("M. Keller");
  await expect(items.nth(1)).toContainText("Nothing kept back so far.");
  await expect(items.nth(1)).toContainText("T1046 and below");
  await expect(items.nth(2)).toContainText("Over");
  const end = items.nth(0).getByRole("button", { name: /^End the suppression of / });
  await end.click();
  const form = panel.getByRole("form", { name: "End the suppression" });
  await expect(form.getByRole("textbox", { name: "Your name" })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(form).toBeHidden();
  await expect(end).toBeFocused();
  await page.keyboard.press("Enter");
  await form.getByRole("textbox", { name: "Your name" }).fill("Anna");
  await page.keyboard.press("Enter");
  await expect(panel.getByRole("status")).toHaveText("Suppression ended, by Anna. Carried out.");
  await expect(items).toHaveCount(2);
  expect(api.decisions.taken).toEqual([{ by: "Anna", decision: "unsuppress", id: suppressions[0]?.id }]);
});

test("how far people and platform agree", async ({ page }) => {
  await page.goto("/triage");
  const panel = page.getByRole("region", { name: "People and platform" });
  await expect(panel).toContainText("risks are corrected by verdicts");
  await expect(panel).toContainText("22 of 401 incidents edited by people");
  await expect(panel).toContainText("19 of 242 verdicts against the risk");
  await expect(panel.getByRole("definition").filter({ hasText: /^0\.16$/ })).toBeVisible();
  const bins = panel.getByRole("table", { name: "Predicted and observed" }).getByRole("row");
  await expect(bins).toHaveCount(8);
  await expect(bins.nth(1)).toHaveText("0–10 %5 %2 %64");
});

test("models: which speaks, what it lacks, and a shadow that is activated", async ({ page, api }) => {
  await page.goto("/triage");
  const hosts = page.getByRole("region", { name: "Hours of hosts" });
  await expect(hosts).toContainText("212 of 500 hours, on 2 of 3 days");
  await expect(hosts).toContainText("No model yet: nothing is reported.");
  await expect(hosts.getByRole("button")).toHaveCount(0);
  const users = page.getByRole("region", { name: "Hours of users" });
  await expect(users).toContainText("Some drift");
  await expect(users).toContainText("38,490 rows learnt of 48,112, 9,622 held out, 24 features");
  await expect(users).toContainText("12 more on attacks");
  await users.getByRole("button", { name: "Activate the shadow, hours of users" }).click();
  const form = users.getByRole("form", { name: "Let the shadow speak: hours of users" });
  await form.getByRole("textbox", { name: "Your name" }).fill("Anna");
  await page.keyboard.press("Enter");
  await expect(users.getByRole("status")).toHaveText("Activated 8899aabbccddeeff, by Anna. Carried out.");
  const speaks = users.getByRole("heading", { name: "Speaks" }).locator("xpath=../..");
  await expect(speaks).toContainText("8899aabbccddeeff");
  await users.getByRole("button", { name: "Roll back, hours of users" }).click();
  await page.getByRole("button", { name: "Roll back", exact: true }).click();
  await expect(users.getByRole("status")).toContainText("Rolled back to the model before, by Anna.");
  expect(api.decisions.taken).toEqual([
    { by: "Anna", decision: "activate_model", kind: "user_activity", version: "8899aabbccddeeff" },
    { by: "Anna", decision: "roll_back_model", kind: "user_activity" },
  ]);
});

test("a server without models, and one where nothing happened yet", async ({ page, api }) => {
  api.decisions.triage.isWithoutModels = true;
  api.decisions.triage.isEmpty = true;
  await page.goto("/triage");
  await expect(page.getByRole("region", { name: "Models" }).getByRole("alert")).toContainText(
    "There is no such",
  );
  await expect(page.getByText("None yet: an entity stands here once a signal is about it.")).toBeVisible();
  await expect(page.getByText("None: every finding is seen.")).toBeVisible();
  await expect(page.getByText("Nothing to compare yet")).toBeVisible();
});

test("findings like a signal are suppressed after a preview, with a warning where it is dangerous", async ({
  page,
  api,
}) => {
  await page.goto(`/incidents/${incidentId(1)}?signal=sig-0000000000000001`);
  await expect(page.getByText("100 of 240 events loaded")).toBeVisible();
  await page.keyboard.press("h");
  const form = page.getByRole("form", { name: "Suppress findings like this" });
  await expect(form.getByRole("checkbox", { name: /The rule is SSH password/ })).toBeFocused();
  const preview = form.getByRole("region", { name: "Preview" });
  await expect(preview.getByRole("status")).toHaveText(
    "It would have kept back 37 of the last 4,812 signals.",
  );
  await expect(preview).toContainText("31 high, 6 medium; the riskiest at 84 %; none of them confirmed");
  await form.getByRole("textbox", { name: "Reason" }).fill("the red team, announced");
  await form.getByRole("textbox", { name: "Your name" }).fill("Anna");
  const button = form.getByRole("button", { name: "Suppress", exact: true });
  await expect(button).toBeEnabled();

  // Without the address it is about everybody.
  await form.getByRole("checkbox", { name: "203.0.113.9" }).uncheck();
  await expect(preview.getByRole("alert")).toContainText("It would have hidden 3 confirmed attacks.");
  await expect(form.getByRole("button", { name: "Suppress all the same" })).toBeVisible();
  await form.getByRole("checkbox", { name: /The rule is/ }).uncheck();
  await expect(preview).toContainText("Nothing is chosen.");
  await expect(button).toBeDisabled();

  await form.getByRole("checkbox", { name: "gate-01.example.net" }).check();
  await form.getByRole("checkbox", { name: "Whatever part these play" }).check();
  await form.getByRole("combobox", { name: "Technique" }).selectOption("T1110");
  await form.getByRole("combobox", { name: "Severity" }).selectOption("Up to high");
  await form.getByLabel("Ends (UTC)").fill(new Date(Date.now() + 7 * 86_400_000).toISOString().slice(0, 10));
  await expect(button).toBeEnabled();
  await button.click();
  await expect(form).toBeHidden();
  await expect(page.getByRole("button", { name: "Suppress" })).toBeFocused();
  expect(api.decisions.taken).toEqual([
    {
      by: "Anna",
      decision: "suppress",
      match: {
        technique: "T1110",
        entities: [{ type: "host", role: "target", value: "gate-01.example.net" }],
        any_role: true,
        severity_max: "high",
      },
      reason: "the red team, announced",
      expires: expect.stringMatching(/^\d{4}-\d\d-\d\dT00:00:00Z$/),
    },
  ]);
  await page.keyboard.press("g");
  await page.keyboard.press("t");
  const made = page.getByRole("region", { name: "Suppressions" }).locator("ul > li").first();
  await expect(made).toContainText("the red team, announced");
});
