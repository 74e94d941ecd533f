import { incidentId } from "./fixtures";
import { expect, test } from "./test";

test("from the queue to the raw line by keyboard alone", async ({ page }) => {
  await page.goto("/");
  await expect(page).toHaveURL(/\/incidents$/);
  await expect(page.getByRole("link", { name: /SSH brute force/ })).toBeVisible();
  await page.keyboard.press("j");
  await expect(page.getByRole("link", { name: /SSH brute force/ })).toBeFocused();
  await page.keyboard.press("j");
  await page.keyboard.press("k");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: /SSH brute force/ })).toBeVisible();

  await page.keyboard.press("f");
  await expect(page.getByRole("button", { name: /^After 1,287 failed/ })).toBeFocused();
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await expect(page.getByRole("button", { name: /^At 04:25 a login as root/ })).toBeFocused();
  const cited = page.getByRole("list", { name: "Cited signals" });
  await expect(cited.getByRole("button")).toHaveText([/Login after a series of failures/]);

  // Two keys from the sentence to the whole event.
  await page.keyboard.press("Enter");
  await expect(page.getByRole("listbox", { name: "Events" })).toBeFocused();
  await expect(page.getByRole("option")).toContainText("Accepted password for root");
  await page.keyboard.press("Enter");
  const raw = page.getByRole("region", { name: "Raw line" });
  await expect(raw).toContainText("sshd[6120]: Accepted password for root from 203.0.113.9 port 40000 ssh2");
  await expect(page).toHaveURL(/sentence=2.*event=raw\.0\.360/);

  await page.keyboard.press("Escape");
  await expect(page.getByRole("listbox", { name: "Events" })).toBeFocused();
  await page.keyboard.press("u");
  await expect(page).toHaveURL(/\/incidents$/);
});

test("a long signal loads its evidence in pages of a hundred", async ({ page, api }) => {
  await page.goto(`/incidents/${incidentId(1)}?sentence=1`);
  await expect(page.getByText("100 of 240 events loaded")).toBeVisible();
  await page.keyboard.press("e");
  await page.keyboard.press("End");
  await expect(page.getByText("200 of 240 events loaded")).toBeVisible();
  await page.keyboard.press("End");
  await expect(page.getByText("240 of 240 events loaded")).toBeVisible();
  expect(api.requests.filter((request) => request === "POST /api/v1/events/lookup")).toHaveLength(3);
});

test("hovering a sentence shows its signals, clicking pins it, and the address holds the pin", async ({
  page,
}) => {
  await page.goto(`/incidents/${incidentId(1)}`);
  const cited = page.getByRole("list", { name: "Cited signals" }).getByRole("button");
  await expect(cited).toHaveCount(3);
  const outcome = page.getByRole("button", { name: /audit logging on gate-01/ });
  await outcome.hover();
  await expect(cited).toHaveText([/Audit logging stopped/]);
  await page.getByRole("heading", { level: 1 }).hover();
  await expect(cited).toHaveCount(3);
  await outcome.click();
  await expect(outcome).toHaveAttribute("aria-pressed", "true");
  await page.getByRole("heading", { level: 1 }).hover();
  await expect(cited).toHaveText([/Audit logging stopped/]);
  await page.reload();
  await expect(outcome).toHaveAttribute("aria-pressed", "true");
  const login = page.getByRole("button", { name: /^At 04:25 a login as root/ });
  await login.click();
  await expect(login).toHaveAttribute("aria-pressed", "true");
  await expect(outcome).toHaveAttribute("aria-pressed", "false");
  await login.click();
  await expect(login).toHaveAttribute("aria-pressed", "false");
});

test("a link to an event opens it, and its keys go before the story's", async ({ page }) => {
  await page.goto(`/incidents/${incidentId(1)}?sentence=1&event=raw.0.5`);
  await expect(page.getByRole("heading", { name: "raw.0.5" })).toBeVisible();
  await expect(page.getByText("100 of 240 events loaded")).toBeAttached();
  await page.keyboard.press("j");
  await expect(page.getByRole("heading", { name: "raw.0.6" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("heading", { name: "raw.0.6" })).toBeHidden();
  await expect(page).toHaveURL(/sentence=1/);
});

test("from a signal to its raw line in two keys", async ({ page }) => {
  await page.goto(`/incidents/${incidentId(1)}?sentence=1&event=raw.0.5`);
  await expect(page.getByRole("heading", { name: "raw.0.5" })).toBeVisible();
  await page
    .getByRole("table", { name: "Signals" })
    .getByRole("button", { name: /SSH password guessing/ })
    .focus();
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("option")).toContainText("Accepted password for root");
  await expect(page.getByRole("listbox", { name: "Events" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("region", { name: "Raw line" })).toContainText("Accepted password for root");
});

test("the queue is found again where it was left", async ({ page }) => {
  await page.goto("/");
  await expect(page.getByRole("link", { name: /SSH brute force/ })).toBeVisible();
  await page.keyboard.press("j");
  for (let row = 0; row < 60; row += 1) await page.keyboard.press("j");
  const name = (await page.locator("a:focus").textContent()) ?? "";
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name, exact: true })).toBeVisible();
  await page.goBack();
  await expect(page.getByRole("link", { name })).toBeInViewport();
  await page.keyboard.press("j");
  await expect(page.getByRole("link", { name })).toBeFocused();
});

test("signals say why they are here, and the timeline leads to their events", async ({ page }) => {
  await page.goto(`/incidents/${incidentId(1)}`);
  const table = page.getByRole("table", { name: "Signals" });
  await expect(table.getByRole("row", { name: /Login after a series/ })).toContainText(
    "Joined because it shares ip 203.0.113.9",
  );
  await page.getByRole("button", { name: /^Signal 4: Shell started/ }).click();
  // The escape sequence in the raw line is drawn, not obeyed.
  await expect(page.getByRole("option").first()).toContainText("\\x1b[2K");
});

test("a wrong query shows where it is wrong", async ({ page }) => {
  await page.goto("/incidents");
  // Keys work once the page does.
  await expect(page.getByRole("link", { name: /SSH brute force/ })).toBeVisible();
  await page.keyboard.press("g");
  await page.keyboard.press("s");
  await expect(page.getByRole("heading", { name: "Ask the marts" })).toBeVisible();
  await page.keyboard.press("/");
  await page.keyboard.type('linux | where user == "jürgen" | wher x');
  await page.keyboard.press("Enter");
  const alert = page.getByRole("alert");
  await expect(alert).toContainText("did you mean where?");
  await expect(alert).toContainText("line 1, column 34");
  await expect(alert.getByText("^", { exact: true })).toBeVisible();
  await expect(page).toHaveURL(/\/search\?q=linux/);
});

test("a query's rows open their events, and the address brings them back", async ({ page }) => {
  await page.goto("/search");
  await page.getByRole("textbox", { name: "Query" }).fill("linux | take 5");
  await page.keyboard.press("Control+Enter");
  await expect(page.getByRole("status").filter({ hasText: "5 rows" })).toContainText("Complete");
  await expect(page.getByText("exact → embedded")).toBeVisible();
  await page.getByRole("textbox", { name: "Query" }).press("Escape");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("region", { name: "Raw line" })).toContainText("Failed password for root");
  await page.reload();
  await expect(page.getByRole("region", { name: "Raw line" })).toContainText("Failed password for root");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("region", { name: "Raw line" })).toBeHidden();
});

test("the theme follows the system until it is chosen, and is remembered", async ({ page }) => {
  const html = page.locator("html");
  await page.emulateMedia({ colorScheme: "light" });
  await page.goto("/");
  await expect(page.getByRole("link", { name: /SSH brute force/ })).toBeVisible();
  await expect(html).toHaveAttribute("data-theme", "light");
  await page.emulateMedia({ colorScheme: "dark" });
  await expect(html).toHaveAttribute("data-theme", "dark");
  await page.keyboard.press("t");
  await expect(html).toHaveAttribute("data-theme", "light");
  await page.reload();
  await expect(html).toHaveAttribute("data-theme", "light");
  await page.getByRole("button", { name: "Theme" }).click();
  await page.getByRole("menuitemradio", { name: "As the system" }).click();
  await expect(html).toHaveAttribute("data-theme", "dark");
});

test("filters live in the address and narrow the list", async ({ page }) => {
  await page.goto("/");
  await expect(page.getByRole("link", { name: /SSH brute force/ })).toBeVisible();
  await page.keyboard.press("/");
  await page.keyboard.type("powershell");
  await expect(page).toHaveURL(/q=powershell/);
  await expect(page.getByRole("link", { name: /SSH brute force/ })).toBeHidden();
  await page.keyboard.press("Escape");
  await page.keyboard.press("x");
  await page.getByRole("button", { name: "Severity" }).click();
  await page.getByRole("menuitemradio", { name: /Critical/ }).click();
  await expect(page).toHaveURL(/severity=critical/);
  await expect(page.getByRole("row")).toHaveCount(2);
  await page.goBack();
  await page.goto("/incidents?q=nothing-has-this-name");
  await expect(page.getByRole("heading", { name: "No incident matches these filters" })).toBeVisible();
  await page.getByRole("button", { name: "Clear filters" }).click();
  await expect(page.getByRole("link", { name: /SSH brute force/ })).toBeVisible();
});

test("a long queue is loaded as it is read, and its last row can be reached", async ({ page }) => {
  await page.goto("/");
  await expect(page.getByRole("link", { name: /SSH brute force/ })).toBeVisible();
  await page.keyboard.press("j");
  await expect(async () => {
    await page.keyboard.press("End");
    await expect(page.locator("a:focus")).toHaveText(/\(400\)$/, { timeout: 500 });
  }).toPass();
  expect(await page.getByRole("row").count()).toBeLessThan(80);
});

test("a live incident is announced, waits, and comes when asked", async ({ page, api }) => {
  await page.goto("/");
  const rows = page.getByRole("link", { name: /SSH brute force|Newly opened/ });
  await expect(rows).toHaveCount(1);
  await expect(page.getByText("Working")).toBeVisible();
  api.open("inc-00000000000fffff", "Newly opened incident");
  await expect(page.getByRole("button", { name: /1 new, press/ })).toBeVisible();
  await expect(rows).toHaveCount(1);
  await page.keyboard.press("n");
  await expect(rows.first()).toHaveText("Newly opened incident");
  await expect(page.getByRole("button", { name: /new, press/ })).toBeHidden();
});

test("a live change rewrites the row where it stands", async ({ page, api }) => {
  await page.goto("/");
  await expect(page.getByText("Working")).toBeVisible();
  const second = page.getByRole("row").nth(2);
  await expect(second).toContainText("Password spraying");
  api.push("incident", {
    id: incidentId(2),
    version: 9,
    title: "Password spraying, now with a success",
    severity: "critical",
    headline: "One of 38 accounts let it in.",
    risk: { score: 0.91, low: 0.8, high: 0.97 },
    updated: new Date().toISOString(),
  });
  await expect(second).toContainText("now with a success");
  await expect(second).toContainText("Critical");
  await expect(page.getByRole("button", { name: /new, press/ })).toBeHidden();
});

test("an empty queue says what to do and fills itself", async ({ page, api }) => {
  api.isEmpty = true;
  await page.goto("/");
  await expect(page.getByRole("heading", { name: "No incidents yet" })).toBeVisible();
  await expect(page.getByText("sentra ingest FILE")).toBeVisible();
  await expect(page.getByText("Working")).toBeVisible();
  api.open("inc-00000000000ffffe", "The first incident");
  await expect(page.getByRole("link", { name: "The first incident" })).toBeVisible();
});

test("a lost stream is said and comes back by itself", async ({ page, api }) => {
  await page.goto("/");
  await expect(page.getByText("Working")).toBeVisible();
  // Refused, or it would be back before anybody presses the button.
  api.hasNoStreams = true;
  api.dropStreams();
  await expect(page.getByText(/Live updates are interrupted/)).toBeVisible();
  const tries = () => api.requests.filter((request) => request === "GET /api/v1/stream").length;
  const before = tries();
  await page.getByRole("button", { name: "Reconnect now" }).click();
  await expect.poll(tries).toBeGreaterThan(before);
  await expect(page.getByText(/Live updates are interrupted/)).toBeVisible();
  api.hasNoStreams = false;
  await expect(page.getByText(/Live updates are interrupted/)).toBeHidden({ timeout: 40_000 });
});

test("without a session the page says how to get one", async ({ page, api }) => {
  api.isSignedOut = true;
  await page.goto("/");
  await expect(page.getByRole("heading", { name: "You are not signed in" })).toBeVisible();
  await expect(page.getByText("sentra login-link")).toBeVisible();
});

test("the palette knows every command and finds incidents", async ({ page }) => {
  await page.goto("/");
  await expect(page.getByRole("link", { name: /SSH brute force/ })).toBeVisible();
  await page.keyboard.press("Control+k");
  await expect(page.getByRole("combobox", { name: "Command" })).toBeFocused();
  await page.keyboard.type("brute 203");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: /SSH brute force/ })).toBeVisible();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("health");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Health", exact: true })).toBeVisible();
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toContainText("Go to incidents");
});

test("signing out ends the view", async ({ page, api }) => {
  await page.goto("/");
  await expect(page.getByRole("link", { name: /SSH brute force/ })).toBeVisible();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("sign out");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "You are not signed in" })).toBeVisible();
  expect(api.requests).toContain("POST /api/v1/logout");
});

test("an import's flood of changes is counted, not drawn one by one", async ({ page, api }) => {
  await page.goto("/");
  await expect(page.getByText("Working")).toBeVisible();
  for (let index = 0; index < 1_200; index += 1) {
    api.open(`inc-f${index.toString(16).padStart(15, "0")}`, `Flood ${index}`);
  }
  await expect(page.getByRole("button", { name: /1,200 new, press/ })).toBeVisible();
});

test("health shows which engine is full and why", async ({ page }) => {
  await page.goto("/health");
  const engines = page.getByRole("region", { name: "Engines", exact: true });
  const forensic = engines.getByRole("row", { name: /forensic/ });
  await expect(forensic).toContainText("Full");
  await expect(forensic).toContainText("312 events gave way to others");
  await expect(engines.getByRole("row", { name: /vectors/ })).toContainText("–");
});

test("health shows what was lost and why", async ({ page }) => {
  await page.goto("/health");
  const letters = page.getByRole("table", { name: "Dead letters", exact: true });
  await expect(letters.getByRole("row").nth(1)).toContainText("no closing brace at byte 212");
  await expect(letters.getByRole("row").nth(1)).toContainText("/var/log/import/appliance.log:118");
  await expect(page.getByRole("img", { name: /Events per second over the last 15 minutes/ })).toBeVisible();
  await expect(page.getByRole("table", { name: "Rule problems", exact: true })).toContainText("startwith");
  await expect(page.getByRole("region", { name: "Listeners", exact: true })).toContainText("127.0.0.1:5514");
});

test("unknown pages and unknown incidents say so", async ({ page }) => {
  await page.goto("/nowhere");
  await expect(page.getByRole("heading", { name: "There is no such page" })).toBeVisible();
  await page.goto("/incidents/inc-ffffffffffffffff");
  await expect(page.getByRole("heading", { name: "There is no such incident" })).toBeVisible();
});
