import type { Problem } from "./types";

/** Every failed request ends as one of these, also when the server could not be reached (status 0). */
export class ApiProblem extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.name = "ApiProblem";
    this.problem = problem;
  }

  get status(): number {
    return this.problem.status;
  }
}

const unreachable: Problem = {
  type: "urn:sentra:problem:unreachable",
  title: "The server does not answer",
  status: 0,
  detail: "No connection to the Sentra server.",
  next: "Check that `sentra serve` is still running; this page retries by itself.",
};

export function problemOf(error: unknown): Problem {
  if (error instanceof ApiProblem) return error.problem;
  const detail = error instanceof Error ? error.message : String(error);
  return {
    type: "urn:sentra:problem:console",
    title: "The console failed",
    status: 0,
    detail,
    next: "Reload the page.",
  };
}

async function readProblem(response: Response): Promise<Problem> {
  const fallback: Problem = {
    type: "about:blank",
    title: response.statusText || `HTTP ${response.status}`,
    status: response.status,
    detail: "The server answered with an error and said nothing about it.",
    next: "Try again; if it stays, read the server's log.",
  };
  try {
    const body: unknown = await response.json();
    if (typeof body !== "object" || body === null) return fallback;
    return { ...fallback, ...body, status: response.status };
  } catch {
    return fallback;
  }
}

async function ask(path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { credentials: "same-origin", ...init });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw new ApiProblem(unreachable);
  }
  if (!response.ok) throw new ApiProblem(await readProblem(response));
  return response;
}

async function request<T>(path: string, init: RequestInit): Promise<T> {
  const response = await ask(path, init);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

export function apiGet<T>(path: string, signal?: AbortSignal): Promise<T> {
  return request<T>(path, { headers: { accept: "application/json" }, signal: signal ?? null });
}

/** Cookie sessions need the CSRF header on every method that could change something. */
const csrf = { "x-sentra-csrf": "1" };

function sent(method: "POST" | "PUT", body: unknown, signal?: AbortSignal): RequestInit {
  return {
    method,
    headers: { accept: "application/json", "content-type": "application/json", ...csrf },
    body: JSON.stringify(body),
    signal: signal ?? null,
  };
}

export function apiPost<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
  return request<T>(path, sent("POST", body, signal));
}

export function apiPut<T>(path: string, body: unknown): Promise<T> {
  return request<T>(path, sent("PUT", body));
}

/** An answer that is a file. */
export async function apiFile(path: string, body: unknown): Promise<Blob> {
  return (await ask(path, sent("POST", body))).blob();
}

export function apiDelete(path: string): Promise<unknown> {
  return request(path, { method: "DELETE", headers: { accept: "application/json", ...csrf } });
}

export function queryString(values: Record<string, string | number | null | undefined>): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== null && value !== undefined && value !== "") parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text === "" ? "" : `?${text}`;
}
