import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, type Page, test } from "@playwright/test";

/** A login link works once, so this is one journey in one browser session. */
const login = process.env.SENTRA_LOGIN_URL;
const pictures = process.env.SENTRA_SCREENSHOTS;

const first_incident_ms = 120_000;
/** Charts and fonts come to rest. */
const settle_ms = 700;

async function picture(page: Page, name: string) {
  if (pictures === undefined) return;
  mkdirSync(pictures, { recursive: true });
  for (const theme of ["dark", "light"] as const) {
    await page.emulateMedia({ colorScheme: theme });
    await page.waitForTimeout(settle_ms);
    await page.screenshot({ path: join(pictures, `${name}-${theme}.png`) });
  }
}

test("against a real server: from the login link to the raw line", async ({ page }) => {
  test.skip(login === undefined, "SENTRA_LOGIN_URL names no server");
  test.setTimeout(first_incident_ms + 120_000);
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => {
    if (/Content Security Policy|Refused to/.test(message.text())) faults.push(message.text());
  });

  await page.goto(login ?? "");
  const origin = new URL(page.url()).origin;
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== origin) faults.push(`left the machine: ${request.url()}`);
  });

  await test.step("the queue fills", async () => {
    const first = page.getByRole("table", { name: "Incidents" }).getByRole("link").first();
    await expect(first).toBeVisible({ timeout: first_incident_ms });
    await picture(page, "queue");
    await page.keyboard.press("j");
    await expect(first).toBeFocused();
    // The example's worst incident makes the better picture; any other log has a first one.
    const worst = page.getByRole("link", { name: /login after (brute force|password spraying)/i });
    if ((await worst.count()) > 0) await worst.first().focus();
    await page.keyboard.press("Enter");
  });

  await test.step("a sentence leads to the raw line in two keys", async () => {
    await expect(page.getByRole("region", { name: "Story", exact: true })).toBeVisible();
    await page.keyboard.press("f");
    await expect(page.getByRole("option").first()).toBeVisible();
    await picture(page, "incident");
    await page.keyboard.press("Enter");
    await expect(page.getByRole("listbox", { name: "Events" })).toBeFocused();
    await page.keyboard.press("Enter");
    await expect(page.getByRole("region", { name: "Raw line" }).locator("pre")).not.toBeEmpty();
    await picture(page, "evidence");
  });

  await test.step("search answers", async () => {
    await page.goto(`${origin}/search?q=${encodeURIComponent("linux | take 5")}`);
    await expect(page.getByText(/^[0-5] rows?$/)).toBeVisible();
    await expect(page.getByRole("alert")).toHaveCount(0);
    await picture(page, "search");
  });

  await test.step("the rules answer", async () => {
    await page.goto(`${origin}/rules`);
    await expect(page.getByRole("table", { name: "Rules" }).getByRole("link").first()).toBeVisible();
    await picture(page, "rules");
    await page.goto(`${origin}/rules?show=coverage`);
    await expect(page.getByRole("button", { name: "ATT&CK Navigator layer" })).toBeVisible();
    await expect(page.getByRole("alert")).toHaveCount(0);
    await picture(page, "coverage");
  });

  await test.step("triage answers", async () => {
    await page.goto(`${origin}/triage`);
    await expect(
      page.getByRole("table", { name: "Riskiest entities" }).getByRole("link").first(),
    ).toBeVisible();
    await expect(page.getByRole("region", { name: "Order of events" })).toBeVisible();
    await expect(page.getByRole("alert")).toHaveCount(0);
    await picture(page, "triage");
  });

  await test.step("health answers", async () => {
    await page.goto(`${origin}/health`);
    await expect(page.getByRole("heading", { name: "Health", exact: true })).toBeVisible();
    await expect(page.getByRole("region", { name: "Marts", exact: true })).toBeVisible();
    await picture(page, "health");
  });

  expect(faults).toEqual([]);
});
