import { expect, test } from "./test";

test("a mart is registered, changed and removed without leaving the page", async ({ page, api }) => {
  await page.goto("/health");
  const marts = page.getByRole("region", { name: "Marts", exact: true });
  await expect(marts.getByText("host startswith 'pay-'")).toBeVisible();
  await marts.getByRole("button", { name: "Register a mart" }).click();
  const form = page.getByRole("form", { name: "Register a mart" });
  await expect(form.getByLabel("Name", { exact: true })).toBeFocused();
  await form.getByLabel("Name", { exact: true }).fill("Tills");
  await expect(form).toContainText("1 to 63 of a-z");
  await expect(form.getByRole("button", { name: "Register" })).toBeDisabled();
  await form.getByLabel("Name", { exact: true }).fill("tills");
  await form.getByLabel("Events of which this is true").fill("hosst == 'a'");
  await form.getByLabel("Fields its events are to have").fill("amount long, iban");
  await form.getByLabel("Kept for days").fill("30");
  await form.getByLabel("Your name").fill("Ada");
  await form.getByRole("button", { name: "Register" }).click();
  await expect(form.getByRole("alert")).toContainText("There is no column hosst".slice(1));
  await form.getByLabel("Events of which this is true").fill("host == 'a'");
  await form.getByRole("button", { name: "Register" }).click();
  await expect(form).toBeHidden();
  await expect(marts.getByText("host == 'a'")).toBeVisible();
  expect(api.marts.changes).toEqual([
    {
      method: "POST",
      path: "marts",
      body: {
        name: "tills",
        description: "",
        filter: "host == 'a'",
        columns: [
          { name: "amount", type: "long" },
          { name: "iban", type: "string" },
        ],
        retention_days: 30,
        by: "Ada",
      },
    },
  ]);

  await marts.getByRole("button", { name: "Change payments" }).click();
  const change = page.getByRole("form", { name: "Change payments" });
  await expect(change.getByLabel("Fields its events are to have")).toHaveValue("amount long");
  await change.getByLabel("Kept for days").fill("");
  await change.getByRole("button", { name: "Change", exact: true }).click();
  await expect(change).toBeHidden();
  expect(api.marts.changes.at(-1)).toMatchObject({ method: "PUT", body: { retention_days: null } });

  await marts.getByRole("button", { name: "Remove payments" }).click();
  const removal = page.getByRole("form", { name: "Remove payments" });
  await removal.getByLabel("Delete what it holds at once").check();
  await removal.getByRole("button", { name: "Remove and delete" }).click();
  await expect(removal).toBeHidden();
  await expect(marts.getByText("Removed")).toBeVisible();
  expect(api.marts.changes.at(-1)?.path).toBe("marts/payments?purge=true&by=Ada");
});

test("rollups say what they hold and how often they answered", async ({ page }) => {
  await page.goto("/health");
  const rollups = page.getByRole("region", { name: "Rollups", exact: true });
  await expect(rollups.getByRole("row").nth(1)).toContainText("logons");
  await expect(rollups).toContainText("user, outcome");
  await expect(rollups).toContainText("88,000");
});
