import { defineConfig } from "@playwright/test";

// Playwright's own browsers are not downloaded: Debian's Chromium is the one we test with.
const executablePath = process.env.SENTRA_CHROMIUM ?? "/usr/bin/chromium";

export default defineConfig({
  testDir: "e2e",
  outputDir: "test-results",
  fullyParallel: true,
  workers: 2,
  forbidOnly: process.env.CI !== undefined,
  reporter: [["list"]],
  // Generous: no journey may depend on how fast the machine is.
  expect: { timeout: 20_000 },
  timeout: 90_000,
  use: {
    viewport: { width: 1440, height: 900 },
    timezoneId: "UTC",
    launchOptions: {
      executablePath,
      args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"],
    },
    screenshot: "only-on-failure",
  },
});
