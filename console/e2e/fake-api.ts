import { existsSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import type { DecisionBody, SuppressionMatch } from "../src/api/types";
import { FakeDecisions, other } from "./fake-decisions";
import { FakeMarts } from "./fake-marts";
import { FakeRules } from "./fake-rules";
import { FakeSearch } from "./fake-search";
import { absorbedId, deadLetters, engines, events, history, incident, queue, status } from "./fixtures";

const dist = join(import.meta.dirname, "../dist");
/** What the real server sends: anything inline or from elsewhere is refused by the browser. */
const policy = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

const types: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};

/** A stand-in for the Sentra server: invented data, the real contract, the real content security policy. */
export class FakeApi {
  readonly requests: string[] = [];
  readonly rules = new FakeRules();
  readonly search = new FakeSearch();
  readonly marts = new FakeMarts();
  readonly decisions = new FakeDecisions();
  isSignedOut = false;
  isEmpty = false;
  /** Streams are refused. */
  hasNoStreams = false;
  #extra: typeof queue = [];
  #streams = new Set<ServerResponse>();
  #lastEvent = 0;
  #server = createServer((request, response) => void this.#answer(request, response));

  async listen(): Promise<string> {
    await new Promise<void>((done) => this.#server.listen(0, "127.0.0.1", done));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close() {
    for (const stream of this.#streams) stream.destroy();
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  /** Forgets what a test changed. */
  reset() {
    this.isSignedOut = false;
    this.isEmpty = false;
    this.hasNoStreams = false;
    this.rules.reset();
    this.search.reset();
    this.marts.reset();
    this.decisions.reset();
    this.#extra = [];
    this.requests.length = 0;
  }

  push(kind: "incident" | "status" | "gap", data: unknown) {
    this.#lastEvent += 1;
    for (const stream of this.#streams) {
      stream.write(`id: ${this.#lastEvent}\nevent: ${kind}\ndata: ${JSON.stringify(data)}\n\n`);
    }
  }

  /** A new incident: first in the list, and announced on the stream. */
  open(id: string, title: string) {
    const [model] = queue;
    if (model === undefined) throw new Error("the queue has no incident to copy");
    const made = { ...model, id, title, version: 1, updated: new Date().toISOString() };
    this.#extra.unshift(made);
    this.push("incident", made);
  }

  dropStreams() {
    for (const stream of this.#streams) stream.destroy();
    this.#streams.clear();
  }

  async #answer(request: IncomingMessage, response: ServerResponse) {
    const url = new URL(request.url ?? "/", "http://localhost");
    this.requests.push(`${request.method} ${url.pathname}`);
    if (!url.pathname.startsWith("/api/")) return this.#file(url.pathname, response);
    if (this.isSignedOut) return problem(response, 401, "unauthorized", "credentials are missing or wrong");
    if (request.method !== "GET" && request.headers["x-sentra-csrf"] !== "1") {
      return problem(response, 403, "csrf-header-missing", "the request could come from another site");
    }
    return this.#route(url, await bodyOf(request), request, response);
  }

  #route(url: URL, body: Record<string, unknown>, request: IncomingMessage, response: ServerResponse) {
    const path = url.pathname.slice("/api/v1/".length);
    if (path === "incidents") return json(response, this.#incidents(url.searchParams));
    if (path === "events/lookup") return json(response, lookup(body.ids as string[]));
    const ofMarts = this.marts.answer(request.method ?? "", path, url.searchParams, body, this.isEmpty);
    if (ofMarts !== null) {
      if ("body" in ofMarts) return json(response, ofMarts.body);
      return problem(response, 422, "mart-invalid", "the mart cannot be registered", ofMarts.problem);
    }
    if (path === "query/export") return exported(url.searchParams.get("format") ?? "", response);
    const ofSearch = this.search.answer(request.method ?? "", path, body);
    if (ofSearch !== null) {
      if ("body" in ofSearch) return json(response, ofSearch.body);
      const { status: code, type, title, more } = ofSearch.problem;
      return problem(response, code, type, title, more);
    }
    if (path === "status")
      return json(response, this.isEmpty ? { ...status(), marts: [], dead_letters: [] } : status());
    if (path === "engines") return json(response, { engines });
    if (path === "status/history") return json(response, history());
    const ofRules = this.rules.answer(path, body);
    if (ofRules !== null) {
      if ("body" in ofRules) return json(response, ofRules.body);
      return problem(response, ofRules.status, "rules", ofRules.title, { next: "try again" });
    }
    if (path === "dead-letters") return json(response, this.isEmpty ? page([]) : page(deadLetters));
    if (path === "logout") return response.writeHead(204).end();
    if (path === "stream") {
      if (this.hasNoStreams) return problem(response, 503, "unavailable", "there are no streams now");
      return this.#stream(request, response);
    }
    const { triage } = this.decisions;
    if (path === "triage") return json(response, triage.view());
    if (path === "models" && !triage.isWithoutModels) return json(response, triage.models());
    if (path === "suppressions/preview")
      return json(response, triage.preview(body.match as SuppressionMatch));
    if (path === "decisions") return this.#decide(body as unknown as DecisionBody, response);
    // The id of an incident that became part of another leads there.
    if (path === `incidents/${incident.id}` || path === `incidents/${absorbedId}`)
      return json(response, this.decisions.incident());
    const listed = queue.find((each) => path === `incidents/${each.id}`);
    if (listed !== undefined) return json(response, other(listed.id));
    const event = events.get(path.slice("events/".length));
    return event ? json(response, event) : problem(response, 404, "not-found", "there is no such thing");
  }

  #decide(body: DecisionBody, response: ServerResponse) {
    const reply = this.decisions.decide(body);
    if ("body" in reply) return json(response, reply.body, reply.status);
    const { status: code, detail } = reply;
    return problem(response, code, "body-invalid", "the body cannot be taken", {
      detail,
      next: "correct it",
    });
  }

  #incidents(search: URLSearchParams) {
    const order = ["critical", "high", "medium", "low", "informational", "unknown"];
    const q = search.get("q")?.toLowerCase() ?? "";
    const floor = order.indexOf(search.get("severity") ?? "unknown");
    const state = search.get("status");
    const { status, title, verdict } = this.decisions.incident();
    const decided = queue.map((each) =>
      each.id === incident.id ? { ...each, status, title, ...(verdict ? { verdict } : {}) } : each,
    );
    const all = this.isEmpty ? this.#extra : [...this.#extra, ...decided];
    const found = all.filter(
      (each) =>
        `${each.title} ${each.headline}`.toLowerCase().includes(q) &&
        order.indexOf(each.severity) <= floor &&
        (state === null || each.status === state),
    );
    const from = Number(search.get("cursor") ?? 0);
    const end = from + Number(search.get("limit") ?? 50);
    return {
      items: found.slice(from, end),
      next: end < found.length ? String(end) : null,
      total: found.length,
    };
  }

  #stream(request: IncomingMessage, response: ServerResponse) {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    response.write(": hello\n\n");
    this.#streams.add(response);
    request.on("close", () => this.#streams.delete(response));
    this.push("status", status().pipeline);
  }

  #file(path: string, response: ServerResponse) {
    const file = join(dist, path);
    const found = extname(path) !== "" && existsSync(file) ? file : join(dist, "index.html");
    response.writeHead(200, {
      "content-type": types[extname(found)] ?? "text/plain",
      "content-security-policy": policy,
    });
    response.end(readFileSync(found));
  }
}

const page = (items: unknown[]) => ({ items, next: null, total: items.length });

function lookup(ids: string[]) {
  const found = ids.flatMap((id) => events.get(id) ?? []);
  return { events: found, missing: ids.filter((id) => !events.has(id)) };
}

function json(response: ServerResponse, body: unknown, code = 200) {
  response.writeHead(code, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

function problem(response: ServerResponse, code: number, slug: string, title: string, more: object = {}) {
  response.writeHead(code, { "content-type": "application/problem+json" });
  response.end(
    JSON.stringify({
      type: `urn:sentra:problem:${slug}`,
      title,
      status: code,
      detail: title,
      next: "correct the text at the position",
      ...more,
    }),
  );
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return chunks.length === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString());
}

function exported(format: string, response: ServerResponse) {
  response.writeHead(200, { "content-type": "application/octet-stream" });
  response.end(`an answer as ${format}`);
}
