import { status } from "./fixtures";

type Reply = { body: unknown } | { problem: { detail: string; next: string } };

const registered = {
  name: "payments",
  description: "What the tills say",
  filter: "host startswith 'pay-'",
  columns: [{ name: "amount", type: "long" }],
  retention_days: 90,
  state: "active",
  since: "2026-03-01T00:00:00Z",
  version: 2,
  changed_by: "Ada",
};

const rollup = {
  definition: {
    name: "logons",
    mart: "identity",
    filter: "",
    keys: ["user", "outcome"],
    aggregates: ["max(time)"],
    grain: "hour",
  },
  stats: { name: "logons", rows: 1_234, bytes: 40_960, events: 88_000, events_pending: 12, answers: 7 },
};

/** Marts and what is done to them. */
export class FakeMarts {
  readonly changes: { method: string; path: string; body: unknown }[] = [];
  #definitions = [registered];

  reset() {
    this.changes.length = 0;
    this.#definitions = [registered];
  }

  answer(
    method: string,
    path: string,
    search: URLSearchParams,
    body: Record<string, unknown>,
    isEmpty: boolean,
  ): Reply | null {
    if (path === "rollups" && method === "GET") return { body: { rollups: isEmpty ? [] : [rollup] } };
    if (path !== "marts" && !path.startsWith("marts/")) return null;
    if (method === "GET") return { body: { marts: isEmpty ? [] : this.#list() } };
    const filter = String(body.filter ?? "");
    if (filter.includes("hosst"))
      return { problem: { detail: "column 1: there is no column hosst", next: "was host meant?" } };
    this.changes.push({ method, path: `${path}${search.size > 0 ? `?${search}` : ""}`, body });
    const name = method === "POST" ? String(body.name) : path.slice("marts/".length);
    const rest = this.#definitions.filter((each) => each.name !== name);
    const before = this.#definitions.find((each) => each.name === name) ?? registered;
    const next = { ...before, ...body, name, state: method === "DELETE" ? "removed" : "active" };
    this.#definitions = [...rest, next];
    return { body: next };
  }

  #list() {
    const of = (name: string) => ({
      mart: name,
      segments: 1,
      rows: 10,
      bytes: 4_096,
      memory_rows: 0,
      first: null,
      last: null,
    });
    const defaults = status().marts.map((mart) => ({ ...mart, is_default: true, definition: null }));
    const own = this.#definitions.map((each) => ({ ...of(each.name), is_default: false, definition: each }));
    return [...defaults, ...own];
  }
}
