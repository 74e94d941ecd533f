import { test as base, expect, type Page } from "@playwright/test";
import { FakeApi } from "./fake-api";

interface Fixtures {
  api: FakeApi;
  /** A page whose every breach of the content security policy and every script error fails the test. */
  page: Page;
}

interface Workers {
  server: { api: FakeApi; url: string };
}

export const test = base.extend<Fixtures, Workers>({
  server: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of the wanted fixtures here
    async ({}, use) => {
      const api = new FakeApi();
      const url = await api.listen();
      await use({ api, url });
      await api.close();
    },
    { scope: "worker" },
  ],
  baseURL: async ({ server }, use) => use(server.url),
  api: async ({ server }, use) => {
    server.api.reset();
    await use(server.api);
  },
  page: async ({ page, api: _ }, use) => {
    const faults: string[] = [];
    page.on("pageerror", (error) => faults.push(String(error)));
    page.on("console", (message) => {
      if (/Content Security Policy|Refused to|React|key prop/.test(message.text()))
        faults.push(message.text());
    });
    page.on("request", (request) => {
      if (new URL(request.url()).hostname !== "127.0.0.1") faults.push(`left the machine: ${request.url()}`);
    });
    await use(page);
    expect(faults).toEqual([]);
  },
});

export { expect };
