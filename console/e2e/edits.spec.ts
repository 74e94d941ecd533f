import { madeId } from "./fake-decisions";
import { incidentId } from "./fixtures";
import { expect, test } from "./test";

const main = `/incidents/${incidentId(1)}`;
const spraying = incidentId(2);

test("a title is given, and stands in the header and the history", async ({ page, api }) => {
  await page.goto(main);
  await expect(page.getByRole("heading", { level: 1, name: /SSH brute force/ })).toBeVisible();
  await page.keyboard.press("r");
  const form = page.getByRole("form", { name: "Title of the incident" });
  await expect(form.getByRole("textbox", { name: "Title" })).toBeFocused();
  await expect(form.getByRole("textbox", { name: "Title" })).toHaveValue(/SSH brute force/);
  await form.getByRole("textbox", { name: "Title" }).fill("Stolen root password");
  await form.getByRole("textbox", { name: "Your name" }).fill("Anna");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: "Stolen root password" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Title" })).toBeFocused();
  await expect(page.getByRole("region", { name: "History" })).toContainText("Titled “Stolen root password”");
  expect(api.decisions.taken).toEqual([
    { by: "Anna", decision: "retitle", incident: incidentId(1), title: "Stolen root password" },
  ]);
});

test("another incident is found by words and becomes part of this one", async ({ page, api }) => {
  await page.goto(main);
  await expect(page.getByRole("heading", { level: 1, name: /SSH brute force/ })).toBeVisible();
  await page.keyboard.press("a");
  const form = page.getByRole("form", { name: "Merge with another incident" });
  await expect(form.getByRole("textbox", { name: "The other incident" })).toBeFocused();
  await expect(form.getByRole("radio", { name: /SSH brute force/ })).toHaveCount(0);
  await page.keyboard.type("nothing-has-this-name");
  await expect(form.getByRole("status")).toHaveText("No other incident has these words in it.");
  await form.getByRole("textbox", { name: "The other incident" }).fill("password spraying against 38");
  await expect(form.getByRole("radio", { name: /^Password spraying/ }).first()).toBeVisible();
  await form.getByRole("textbox", { name: "Your name" }).fill("Anna");
  const merge = form.getByRole("button", { name: "Merge", exact: true });
  await expect(merge).toBeDisabled();
  await form.getByRole("radio", { name: new RegExp(spraying) }).check();
  await merge.click();
  const decisions = page.getByRole("region", { name: "Decisions" });
  await expect(decisions.getByRole("status")).toHaveText(
    `Merged: ${spraying} into ${incidentId(1)}, by Anna. Carried out.`,
  );
  await expect(decisions.getByRole("button", { name: "Merge" })).toBeFocused();
  expect(api.decisions.taken).toEqual([
    { by: "Anna", decision: "merge", into: incidentId(1), from: [spraying] },
  ]);
});

test("an incident that becomes part of another leads there, and says so there", async ({ page }) => {
  await page.goto(main);
  await expect(page.getByRole("heading", { level: 1, name: /SSH brute force/ })).toBeVisible();
  await page.keyboard.press("a");
  const form = page.getByRole("form", { name: "Merge with another incident" });
  await form.getByRole("textbox", { name: "The other incident" }).fill(`https://soc/incidents/${spraying}`);
  await form.getByRole("radio", { name: new RegExp(spraying) }).check();
  await form.getByRole("radio", { name: "The other", exact: true }).check();
  await form.getByRole("textbox", { name: "Your name" }).fill("Anna");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(new RegExp(`/incidents/${spraying}$`));
  await expect(page.getByRole("heading", { level: 1, name: /Password spraying/ })).toBeVisible();
  const decisions = page.getByRole("region", { name: "Decisions" });
  await expect(decisions.getByRole("status")).toContainText(`Merged: ${incidentId(1)} into ${spraying}`);
  await expect(decisions.getByRole("button", { name: "Merge" })).toBeFocused();
});

test("signals are chosen by keyboard and split off into an incident that can be gone to", async ({
  page,
  api,
}) => {
  await page.goto(main);
  const table = page.getByRole("table", { name: "Signals" });
  const row = (name: RegExp) => table.getByRole("row", { name });
  await row(/Cron entry/)
    .getByRole("button")
    .focus();
  await page.keyboard.press("x");
  await page.keyboard.press("j");
  await page.keyboard.press("x");
  await expect(row(/Audit logging/).getByRole("checkbox")).toBeChecked();
  await page.keyboard.press("x");
  await expect(page.getByText("1 signal chosen")).toBeVisible();
  await page.keyboard.press("x");
  await expect(page.getByText("2 signals chosen")).toBeVisible();
  await page.keyboard.press("d");
  const form = page.getByRole("form", { name: "Split 2 signals off" });
  await expect(form.getByRole("textbox", { name: "Your name" })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(form).toBeHidden();
  await expect(page.getByRole("button", { name: "Split off" })).toBeFocused();
  await page.keyboard.press("Enter");
  await page.keyboard.type("Anna");
  await page.keyboard.press("Enter");
  const panel = page.getByRole("region", { name: "Signals", exact: true });
  await expect(panel.getByRole("status")).toContainText("Split off: 2 signals, by Anna. Carried out:");
  await expect(panel.getByRole("link", { name: madeId })).toHaveAttribute("href", `/incidents/${madeId}`);
  await expect(row(/Cron entry/)).toHaveCount(0);
  await page.keyboard.press("Tab");
  await expect(panel.getByRole("link", { name: madeId })).toBeFocused();
  await expect(page.getByText("signals chosen")).toHaveCount(0);
  expect(api.decisions.taken).toEqual([
    {
      by: "Anna",
      decision: "split",
      from: incidentId(1),
      signals: ["sig-0000000000000006", "sig-0000000000000007"],
    },
  ]);
});

test("not all signals can be split off, and a move that is refused says why", async ({ page, api }) => {
  await page.goto(main);
  const boxes = page.getByRole("table", { name: "Signals" }).getByRole("checkbox");
  await expect(boxes).toHaveCount(7);
  for (const box of await boxes.all()) await box.check();
  await page.getByRole("button", { name: "Split off" }).click();
  await page.getByRole("textbox", { name: "Your name" }).fill("Anna");
  const form = page.getByRole("form");
  await expect(form).toContainText("leave at least one here");
  await expect(form.getByRole("button", { name: "Split off" })).toBeDisabled();
  await boxes.first().uncheck();
  await expect(form.getByRole("button", { name: "Split off" })).toBeEnabled();

  await page.getByRole("button", { name: "Move to" }).click();
  await expect(form).toHaveAccessibleName("Move 6 signals to another incident");
  await form.getByRole("textbox", { name: "The other incident" }).fill("password spraying");
  await form.getByRole("radio", { name: new RegExp(spraying) }).check();
  api.decisions.isRefusing = true;
  await form.getByRole("button", { name: "Move", exact: true }).click();
  await expect(form.getByRole("alert")).toContainText("is not an open incident");
  api.decisions.isRefusing = false;
  await form.getByRole("button", { name: "Move", exact: true }).click();
  await expect(form).toHaveCount(0);
  await expect(boxes).toHaveCount(1);
  await expect(
    page.getByRole("region", { name: "Signals", exact: true }).getByRole("link", { name: spraying }),
  ).toBeVisible();
});

test("verdicts are seen in the queue, on the incident and on signals, and a form begins with them", async ({
  page,
}) => {
  await page.goto("/incidents");
  await expect(page.getByRole("row", { name: /Port scan of 6 hosts/ }).first()).toContainText(
    "Port scan of 6 hosts",
  );
  await expect(page.getByRole("img", { name: "Verdict: benign, by M. Keller" }).first()).toBeVisible();
  await page.goto(`${main}?signal=sig-0000000000000002`);
  const said = "Verdict: false positive, by M. Keller";
  const table = page.getByRole("table", { name: "Signals" });
  await expect(
    table.getByRole("row", { name: /Many unknown accounts/ }).getByRole("img", { name: said }),
  ).toBeVisible();
  const evidence = page.getByRole("region", { name: "Evidence", exact: true });
  await expect(evidence.getByText(/the name service was down, <b>nobody<\/b>/)).toBeVisible();
  await page.keyboard.press("m");
  const form = evidence.getByRole("form", { name: "Verdict on the signal" });
  await expect(form.getByRole("radio", { name: "False positive" })).toBeChecked();
  await expect(form.getByRole("textbox", { name: "Reason" })).toHaveValue(/the name service was down/);
  await expect(form).toContainText("It takes the place of the verdict of M. Keller.");
  await page.keyboard.press("Escape");

  await page.keyboard.press("v");
  await page.getByRole("radio", { name: "True positive" }).check();
  await page.getByRole("textbox", { name: "Reason" }).fill("seen on the console");
  await page.getByRole("textbox", { name: "Your name" }).fill("Anna");
  await page.keyboard.press("Enter");
  await expect(page.getByText("seen on the console")).toBeVisible();
  await expect(page.getByText("by Anna, ")).toBeVisible();
  await page.keyboard.press("u");
  await expect(
    page
      .getByRole("row", { name: /SSH brute force/ })
      .getByRole("img", { name: "Verdict: true positive, by Anna" }),
  ).toBeVisible();
});
