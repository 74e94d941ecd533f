import { readFileSync } from "node:fs";
import type { Page } from "@playwright/test";
import { incidentId } from "./fixtures";
import { allRules, disabledRule, guessing, hostileRule, login } from "./rule-fixtures";
import { expect, test } from "./test";

const rows = (page: Page) => page.getByRole("table", { name: "Rules" }).getByRole("row");

test("from the list to a match's event and back by keyboard alone", async ({ page }) => {
  await page.goto("/incidents");
  await expect(page.getByRole("link", { name: /SSH brute force/ })).toBeVisible();
  await page.keyboard.press("g");
  await page.keyboard.press("r");
  await expect(rows(page).nth(1)).toContainText("Suspicious process 1");
  await page.keyboard.press("/");
  await page.keyboard.type("guessing one");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/q=guessing\+one/);
  await page.keyboard.press("j");
  const row = page.getByRole("link", { name: "SSH password guessing from one address" });
  await expect(row).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("article", { name: /^Rule SSH password guessing/ })).toBeFocused();
  await expect(row).toHaveAttribute("aria-current", "page");

  await page.keyboard.press("b");
  const backtest = page.getByRole("region", { name: "Backtest" });
  await expect(backtest.getByRole("status")).toHaveText("1 match in 4,812,377 events, 1 s");
  await expect(backtest.getByRole("button", { name: /raw\.0\.239/ }).first()).toContainText(
    "src_ip 203.0.113.9",
  );
  await backtest.getByText(/^240 events/).click();
  await backtest.getByRole("button", { name: "raw.0.3", exact: true }).click();
  await expect(page.getByRole("region", { name: "Raw line" })).toContainText("Failed password for root");
  await expect(page).toHaveURL(/event=raw\.0\.3/);

  await page.keyboard.press("Escape");
  await expect(page.getByRole("region", { name: "Raw line" })).toBeHidden();
  await expect(page.getByRole("article", { name: /^Rule SSH/ })).toBeFocused();
  await expect(backtest.getByRole("status")).toContainText("1 match");
  await page.keyboard.press("Escape");
  await expect(row).toBeFocused();
  await expect(page).not.toHaveURL(/rule=/);
});

test("thousands of rules are filtered, sorted and reached to the last", async ({ page }) => {
  await page.goto("/rules");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Rules4,008");
  await page.keyboard.press("j");
  await expect(async () => {
    await page.keyboard.press("End");
    await expect(page.locator("a:focus")).toHaveText("Suspicious process 999", { timeout: 500 });
  }).toPass();
  expect(await rows(page).count()).toBeLessThan(80);
  await page.keyboard.press("s");
  await expect(page).toHaveURL(/sort=level/);
  await expect(page.getByRole("columnheader", { name: "Level" })).toHaveAttribute("aria-sort", "descending");
  await page.getByRole("columnheader", { name: "Matches" }).getByRole("button").click();
  await expect(page).not.toHaveURL(/sort=level/);
  await page.getByRole("button", { name: "Kind" }).click();
  await page.getByRole("menuitemradio", { name: "YARA-L" }).click();
  await page.getByRole("button", { name: "Pack" }).click();
  await page.getByRole("menuitemradio", { name: "cloud@2" }).click();
  await expect(page).toHaveURL(/kind=yaral&pack=cloud%402/);
  const expected = allRules.rules.filter((rule) => rule.kind === "yaral" && rule.pack === "cloud@2").length;
  await expect(page.getByRole("heading", { level: 1 })).toContainText(`${expected} of 4,008`);
  await page.reload();
  await expect(page.getByRole("heading", { level: 1 })).toContainText(`${expected} of 4,008`);
  await page.keyboard.press("x");
  await page.getByRole("button", { name: "State" }).click();
  await page.getByRole("menuitemradio", { name: "Disabled" }).click();
  await expect(rows(page)).toHaveCount(2);
  await expect(rows(page).nth(1)).toContainText("Audit logging stopped");
});

test("a rule is disabled with an owner and a reason, and enabled again", async ({ page, api }) => {
  await page.goto(`/rules?rule=${login}&q=login`);
  await expect(page.getByRole("heading", { name: "Login after a series of failures" })).toBeVisible();
  await page.keyboard.press("d");
  const form = page.getByRole("form", { name: "Disable the rule" });
  await expect(form.getByRole("textbox", { name: "Owner" })).toBeFocused();
  await expect(form.getByRole("button", { name: "Disable" })).toBeDisabled();
  await page.keyboard.type("m.keller");
  await form.getByLabel("Until (UTC)").fill("2099-02-01");
  await form.getByRole("textbox", { name: "Reason" }).fill("Tested with the red team.");
  await page.keyboard.press("Enter");
  const note = page.getByRole("region", { name: "Disabled", exact: true });
  await expect(note).toContainText("Disabled by m.keller");
  await expect(note).toContainText("until 2099-02-01 00:00:00 UTC");
  await expect(rows(page).nth(1)).toContainText("Disabled");
  await expect(page.getByRole("article", { name: /^Rule Login/ })).toBeFocused();
  await page.keyboard.press("d");
  await expect(note).toBeHidden();
  await expect(rows(page).nth(1)).not.toContainText("Disabled");
  expect(api.rules.changes).toEqual([
    {
      path: "rules/disable",
      rule: login,
      owner: "m.keller",
      reason: "Tested with the red team.",
      until: "2099-02-01T00:00:00Z",
    },
    { path: "rules/enable", id: login },
  ]);
});

test("an exception is created only after its preview was seen, and removed in two steps", async ({
  page,
  api,
}) => {
  await page.goto(`/rules?rule=${guessing}`);
  const exceptions = page.getByRole("region", { name: "Exceptions" });
  await expect(exceptions.getByRole("listitem").filter({ hasText: "scanner" })).toContainText(
    "hid 1,287 findings since the server started",
  );
  await page.keyboard.press("e");
  const form = page.getByRole("form", { name: "Make an exception" });
  const create = form.getByRole("button", { name: "Create" });
  const preview = form.getByRole("button", { name: "Preview" });
  await expect(form.getByRole("textbox", { name: "Field 1", exact: true })).toBeFocused();
  await expect(preview).toBeDisabled();
  await page.keyboard.type("user");
  const values = form.getByRole("textbox", { name: /^Values of field 1/ });
  await values.fill("svc-scan");
  await form.getByRole("textbox", { name: "Owner" }).fill("a.silva");
  await form.getByRole("textbox", { name: "Reason" }).fill("Scans on purpose.");
  await form.getByRole("textbox", { name: "Name" }).fill("scanner");
  await expect(form.getByText("There is an exception with the name scanner")).toBeVisible();
  await form.getByRole("textbox", { name: "Name" }).fill("scanner-2");
  await expect(create).toBeDisabled();
  await preview.click();
  await expect(form.getByRole("status")).toHaveText(
    "Would have hidden 12 matches in all that is stored, none of them confirmed.",
  );
  await expect(create).toBeEnabled();
  // What it hides changes: what was seen no longer holds.
  await values.fill("svc-scan\nsvc-backup");
  await expect(create).toBeDisabled();
  await expect(form.getByRole("status")).toBeHidden();
  await preview.click();
  await expect(form.getByRole("status")).toBeVisible();
  // Who answers for it does not change what it hides.
  await form.getByRole("textbox", { name: "Owner" }).fill("m.keller");
  await create.click();
  await expect(form).toBeHidden();
  await expect(exceptions.getByRole("listitem").filter({ hasText: "scanner-2" })).toContainText(
    "user: svc-scan, svc-backup",
  );
  await exceptions.getByRole("button", { name: "Remove the exception scanner-2" }).click();
  await exceptions.getByRole("button", { name: "Keep" }).click();
  await exceptions.getByRole("button", { name: "Remove the exception scanner-2" }).click();
  await exceptions.getByRole("button", { name: "Remove the exception scanner-2 now" }).click();
  await expect(exceptions.getByText("scanner-2")).toBeHidden();
  expect(api.rules.changes).toMatchObject([
    {
      path: "rules/exceptions",
      id: "scanner-2",
      rules: [guessing],
      condition: { user: ["svc-scan", "svc-backup"] },
      owner: "m.keller",
    },
    { path: "rules/exceptions/remove", id: "scanner-2" },
  ]);
});

test("a preview that is refused says why, and creates nothing", async ({ page, api }) => {
  await page.goto(`/rules?rule=${guessing}`);
  await page.getByRole("button", { name: /^Except/ }).click();
  const form = page.getByRole("form", { name: "Make an exception" });
  await form.getByRole("textbox", { name: "Field 1", exact: true }).fill("user");
  await form.getByRole("combobox", { name: "How field 1 is compared" }).selectOption("re");
  await form.getByRole("textbox", { name: /^Values of field 1/ }).fill("(svc");
  await form.getByRole("textbox", { name: "Name" }).fill("wrong");
  await form.getByRole("textbox", { name: "Owner" }).fill("a.silva");
  await form.getByRole("textbox", { name: "Reason" }).fill("A mistake.");
  await form.getByRole("button", { name: "Preview" }).click();
  await expect(form.getByRole("alert")).toContainText("The regex is not closed");
  await expect(form.getByRole("button", { name: "Create" })).toBeDisabled();
  await form.getByRole("textbox", { name: "Name" }).press("Escape");
  await expect(form).toBeHidden();
  await expect(page.getByRole("article", { name: /^Rule SSH/ })).toBeFocused();
  expect(api.rules.changes).toEqual([]);
});

test("an event says which rules match it and why", async ({ page, api }) => {
  await page.goto(`/incidents/${incidentId(1)}?sentence=2&event=raw.0.360`);
  await expect(page.getByRole("heading", { name: "raw.0.360" })).toBeVisible();
  // The key is heard once the event is there, which is later than its heading.
  await expect(page.getByRole("button", { name: /Which rules match this event/ })).toBeVisible();
  expect(api.requests).not.toContain("POST /api/v1/rules/explain");
  await page.keyboard.press("w");
  const section = page.getByRole("region", { name: "Rules", exact: true });
  await expect(section.getByRole("status")).toHaveText("1 rule in force matches this event.");
  const tree = section.getByRole("list", { name: "Condition" });
  await expect(tree.getByRole("listitem").filter({ hasText: "message|startswith" }).last()).toContainText(
    "Accepted password for root\\x1b[2K <script>",
  );
  // The mark is a word, too.
  await expect(tree.getByRole("listitem").filter({ hasText: "filter_net" }).last()).toContainText(
    "Does not hold:filter_net",
  );
  await expect(tree).toContainText("and 117 more");
  await section.getByRole("link", { name: "Open the rule" }).click();
  await expect(page).toHaveURL(new RegExp(`/rules\\?rule=${login}`));
});

test("an event that was opened from a rule explains that rule, too", async ({ page }) => {
  await page.goto(`/rules?rule=${guessing}&event=raw.0.360`);
  await page.getByRole("button", { name: /Which rules match this event/ }).click();
  const section = page.getByRole("region", { name: "Rules", exact: true });
  await expect(section.getByText(/^not routed: rule wants windows/)).toBeVisible();
  await expect(section.getByText("field CommandLine absent")).toBeVisible();
});

test("what a rule says of itself is text", async ({ page }) => {
  await page.goto(`/rules?rule=${hostileRule.id}&q=onerror`);
  await expect(page.getByRole("heading", { level: 2 })).toHaveText(
    "<img src=x onerror=alert(1)> \\u202egnp.exe\\x1b[2J",
  );
  await expect(rows(page).nth(1)).toContainText("<img src=x onerror=alert(1)>");
  await expect(page.locator("main img, main b")).toHaveCount(0);
});

test("coverage counts techniques by tactic, leads to their rules and gives the layer", async ({ page }) => {
  await page.goto("/rules");
  await expect(rows(page).nth(1)).toBeVisible();
  await expect(page.getByRole("link", { name: "List" })).toHaveAttribute("aria-current", "page");
  await page.keyboard.press("v");
  await expect(page).toHaveURL(/show=coverage/);
  await expect(
    page.getByText("13 techniques covered by 4,007 rules in force; 1 rule disabled"),
  ).toBeVisible();
  await expect(page.getByRole("link", { name: "Coverage" })).toHaveAttribute("aria-current", "page");
  await expect(page.getByRole("link", { name: "List" })).not.toHaveAttribute("aria-current");
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "ATT&CK Navigator layer" }).click();
  const file = await download;
  expect(file.suggestedFilename()).toBe("sentra-attack-layer.json");
  expect(JSON.parse(readFileSync(await file.path()).toString())).toMatchObject({
    domain: "enterprise-attack",
  });
  const column = page.getByRole("region", { name: "Credential access" });
  await column.getByRole("link", { name: "T1110.001: 1 rule, at worst high" }).click();
  await expect(rows(page)).toHaveCount(2);
  await expect(rows(page).nth(1)).toContainText("SSH password guessing");
  await page.getByRole("button", { name: /^Technique T1110\.001/ }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Rules4,008");
});

test("nothing in force, no answer and no such rule are told apart", async ({ page, api }) => {
  api.rules.isEmpty = true;
  await page.goto("/rules");
  await expect(page.getByRole("heading", { name: "No rules are in force" })).toBeVisible();
  await page.goto("/rules?rule=gone");
  await expect(page.getByRole("heading", { name: "There is no such rule" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page).toHaveURL(/\/rules$/);
  api.rules.isEmpty = false;
  api.rules.isFailing = true;
  await page.goto("/rules");
  await expect(page.getByRole("alert")).toContainText("The stores are busy");
  api.rules.isFailing = false;
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(rows(page).nth(1)).toBeVisible();
});

test("the palette and the help know the page", async ({ page }) => {
  await page.goto(`/rules?rule=${disabledRule}`);
  await expect(page.getByText(/Disabled by m\.keller/)).toBeVisible();
  await page.keyboard.press("?");
  const help = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await expect(help).toContainText("Go to rules");
  await expect(help).toContainText("Backtest the rule");
  await expect(help).toContainText("Enable the rule");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+k");
  await page.keyboard.type("coverage");
  await page.keyboard.press("Enter");
  await expect(page.getByText(/13 techniques covered/)).toBeVisible();
});
