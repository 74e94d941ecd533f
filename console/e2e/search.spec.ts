import { readFile } from "node:fs/promises";
import { expect, test } from "./test";

const box = "Query";

test("what may stand at the caret is offered, and taken by key", async ({ page, api }) => {
  await page.goto("/search");
  const query = page.getByRole("textbox", { name: box });
  await query.pressSequentially("lin");
  const list = page.getByRole("listbox", { name: "Suggestions" });
  await expect(list.getByRole("option")).toHaveCount(2);
  await expect(query).toHaveAttribute("aria-activedescendant", /-0$/);
  await query.press("Tab");
  await expect(query).toHaveValue("linux");
  await query.pressSequentially(" | where us");
  await expect(list.getByRole("option", { name: /user_type/ })).toBeVisible();
  await query.press("ArrowDown");
  await query.press("ArrowDown");
  await query.press("Enter");
  await expect(query).toHaveValue("linux | where user_type");
  await query.pressSequentially(' == "r');
  await list.getByRole("option", { name: /rémy/ }).click();
  await expect(query).toHaveValue('linux | where user_type == "rémy"');
  await expect(query).toBeFocused();
  // Letters of more than one byte stand before the caret now.
  await query.pressSequentially(" and user == ");
  await list.getByRole("option", { name: /root/ }).click();
  await expect(query).toHaveValue('linux | where user_type == "rémy" and user == "root"');
  expect(api.search.asked).toEqual([]);
  await query.press("Escape");
  await expect(list).toBeHidden();
  await query.press("Enter");
  await expect(page.getByText("exact → embedded")).toBeVisible();
});

test("a mistake is named while it is written, with the word that was meant", async ({ page }) => {
  await page.goto("/search");
  const query = page.getByRole("textbox", { name: box });
  await query.pressSequentially('linux | wher user == "é"');
  const said = page.getByRole("status").filter({ hasText: "wher" });
  await expect(said).toContainText("(line 1, column 9)");
  await said.getByRole("button", { name: "Write where" }).click();
  await expect(query).toHaveValue('linux | where user == "é"');
  await expect(said).toBeHidden();
});

test("plain English says how it was read, before and after, and can be changed", async ({ page }) => {
  await page.goto("/search");
  const query = page.getByRole("textbox", { name: box });
  await query.pressSequentially("failed logins yesterday");
  const cost = page.getByRole("status").filter({ hasText: "about 1.2M rows" });
  await expect(cost).toContainText("in 14 segments");
  await expect(cost).toContainText('where code == "LL03"');
  await query.press("Enter");
  await expect(page.getByText("Understood as")).toBeVisible();
  await page.getByText("exact → embedded").click();
  await expect(page.getByText("plain English")).toBeVisible();
  await expect(page.getByText("R-table-first (version 1)")).toBeVisible();
  await page.getByRole("button", { name: "Edit" }).click();
  await expect(query).toHaveValue('events\n| where code == "LL03" and time >= ago(1d)');
});

test("what is too expensive is refused with a form that is not", async ({ page }) => {
  await page.goto("/search?q=events | join cross");
  const alert = page.getByRole("alert");
  await expect(alert).toContainText("about 9 minutes");
  await alert.getByRole("button", { name: /take 100/ }).click();
  await expect(page.getByRole("textbox", { name: box })).toHaveValue(
    "events | where time > ago(1h) | take 100",
  );
  await expect(page.getByText("exact → embedded")).toBeVisible();
});

test("an answer that is not whole says how much of it there is, and its steps", async ({ page }) => {
  await page.goto("/search?q=linux | partly");
  await expect(page.getByText("Partial: 13 of 14 segments")).toBeVisible();
  await expect(page.getByText("run sentra store check")).toBeVisible();
  await page.getByText("Step 1: similar incidents to inc-42, 1 row").click();
  await expect(page.getByRole("cell", { name: "inc-7" })).toBeVisible();
});

test("numbers are drawn where the question asks for it, and stay readable as rows", async ({ page }) => {
  await page.goto("/search?q=linux | render timechart");
  await expect(page.getByRole("img", { name: /3 lines over 4 moments/ })).toBeVisible();
  await expect(page.locator("figure canvas")).toBeVisible();
  await expect(page.getByRole("figure")).toContainText("Failed logins");
  await expect(page.locator("main img")).toHaveCount(0);
  await page.goto("/search?q=linux | render barchart");
  await expect(page.getByRole("figure").getByRole("listitem").first()).toHaveText("bastion30");
  await expect(page.getByRole("table", { name: "Results" }).getByRole("row")).toHaveCount(4);
});

test("an answer goes into a file, with where it came from", async ({ page }) => {
  await page.goto("/search?q=linux | take 3");
  for (const [item, name, content] of [
    ["Save as CSV", "answer.csv", "an answer as csv"],
    ["Save as Parquet", "answer.parquet", "an answer as parquet"],
    ["Save where it came from", "lineage.json", "default/linux/0-1.parquet"],
  ] as const) {
    const download = page.waitForEvent("download");
    await page.getByRole("button", { name: "Answer" }).click();
    await page.getByRole("menuitem", { name: item }).click();
    const file = await download;
    expect(file.suggestedFilename()).toBe(name);
    expect(await readFile(await file.path(), "utf8")).toContain(content);
  }
});

test("another engine may be asked, and that somebody wanted it is kept", async ({ page, api }) => {
  await page.goto("/search?q=linux | take 3");
  await page.getByRole("button", { name: "Answer" }).click();
  await page.getByRole("menuitem", { name: "Ask as analytical instead" }).click();
  await expect.poll(() => api.search.asked.at(-1)?.engine).toBe("analytical");
  await expect.poll(() => api.search.overrides).toEqual([{ engine: "analytical" }]);
});

test("many rows come page by page", async ({ page, api }) => {
  await page.goto("/search?q=linux | paged | take 3");
  await page.getByRole("button", { name: "Next rows" }).click();
  await expect(page.getByRole("status").filter({ hasText: "3 rows after 3" })).toBeVisible();
  expect(api.search.asked.at(-1)?.cursor).toBe("page-2");
  await expect(page.getByRole("button", { name: "Next rows" })).toBeHidden();
});

test("a question that takes long can be stopped, on the server, too", async ({ page, api }) => {
  await page.route("**/api/v1/query", () => {
    // Never answered.
  });
  await page.goto("/search?q=linux | take 3");
  await page.getByRole("button", { name: "Stop" }).click();
  await expect(page.getByText("Stopped. Run asks again.")).toBeVisible();
  await expect.poll(() => api.search.cancelled).toHaveLength(1);
});
