import { events } from "./fixtures";

type Reply = { body: unknown } | { problem: { status: number; type: string; title: string; more: object } };

const known_query = /^(linux|windows|events|cloud|signals)\b|^event\("/;

const columns = [
  "id",
  "time",
  "mart",
  "host",
  "user",
  "src_ip",
  "dst_ip",
  "code",
  "outcome",
  "process",
  "command",
  "message",
];

const estimate = {
  segments: 14,
  rows: 1_200_000,
  bytes: 96_000_000,
  expected_ms: 310,
  low_ms: 190,
  high_ms: 520,
};
const asEnglish = "failed logins yesterday";
const understood = 'events\n| where code == "LL03" and time >= ago(1d)';

/** Questions and what stands around them. */
export class FakeSearch {
  /** Questions whose work was ended before its answer. */
  readonly cancelled: string[] = [];
  readonly overrides: unknown[] = [];
  readonly asked: Record<string, unknown>[] = [];

  reset() {
    this.cancelled.length = 0;
    this.overrides.length = 0;
    this.asked.length = 0;
  }

  answer(method: string, path: string, body: Record<string, unknown>): Reply | null {
    const text = String(body.text ?? "");
    if (path === "query") {
      this.asked.push(body);
      return this.#query(text, body);
    }
    if (path === "query/complete") return { body: complete(text, Number(body.offset)) };
    if (path === "query/estimate") {
      const isAllowed = !text.includes("cross");
      return {
        body: {
          understood: text === asEnglish ? understood : text,
          estimate,
          allowed: isAllowed,
          cheaper: isAllowed ? null : "events | where time > ago(1h) | take 100",
        },
      };
    }
    if (method === "DELETE" && path.startsWith("queries/")) {
      this.cancelled.push(path);
      return { body: {} };
    }
    if (path === "query/decisions/dec-1/override") {
      this.overrides.push(body);
      return { body: {} };
    }
    if (path === "query/decisions/dec-1/lineage")
      return { body: { segments: [{ path: "default/linux/0-1.parquet" }] } };
    return null;
  }

  #query(text: string, body: Record<string, unknown>): Reply {
    const bad = text.search(/\bwher\b/);
    if (bad >= 0) {
      const position = Buffer.byteLength(text.slice(0, bad));
      const detail = `line 1, column ${bad + 1}: "wher" is unknown; did you mean where?`;
      return unread({ detail, position });
    }
    if (text.includes("cross")) {
      const cheaper = "events | where time > ago(1h) | take 100";
      const more = { estimate, cheaper, detail: "it would take about 9 minutes, 30 seconds are allowed" };
      const title = "the question is too expensive";
      return { problem: { status: 422, type: "query-too-expensive", title, more } };
    }
    if (text !== asEnglish && !known_query.test(text)) return unread({ position: 0 });
    const common = {
      query_id: String(body.query_id ?? "q"),
      decision_id: "dec-1",
      route: {
        intent: "exact",
        engine: "embedded",
        confidence: 0.97,
        reason: "the text is a query with a mart and steps",
        rules: ["R-table-first"],
        form: text === asEnglish ? "english" : "kql",
        router_version: 1,
      },
      understood: text === asEnglish ? understood : text,
      status: "complete",
      status_detail: { segments_read: 14, segments_total: 14, stale_as_of: null, why: "" },
      estimate,
      elapsed_ms: 3.4,
      render: null,
      parts: null,
      next_cursor: null,
    };
    if (text.includes("render")) return { body: { ...common, ...drawn(text) } };
    if (text.includes("partly"))
      return {
        body: {
          ...common,
          status: "partial",
          status_detail: {
            segments_read: 13,
            segments_total: 14,
            why: "one segment is damaged: run sentra store check",
          },
          columns: [{ name: "Count", type: "long" }],
          rows: [[7]],
          parts: [
            {
              question: "similar incidents to inc-42",
              understood: 'incidents | where similar("inc-42")',
              columns: [{ name: "id", type: "string" }],
              rows: [["inc-7"]],
            },
          ],
        },
      };
    const id = /^event\("([^"]+)"\)/.exec(text)?.[1];
    const taken = Number(/take (\d+)/.exec(text)?.[1] ?? 100);
    const found = [...events.values()].filter((event) => id === undefined || event.id === id).slice(0, taken);
    const isPaged = text.includes("paged") && body.cursor === undefined;
    return {
      body: {
        ...common,
        next_cursor: isPaged ? "page-2" : null,
        columns: columns.map((name) => ({ name, type: name === "time" ? "datetime" : "string" })),
        rows: found.map((event) => {
          const known: Record<string, string | undefined> = {
            ...event.header,
            id: event.id,
            time: event.time,
            mart: event.mart,
            message: event.fields[2]?.[1],
          };
          return columns.map((name) => known[name] ?? null);
        }),
      },
    };
  }
}

const unread = (more: object): Reply => ({
  problem: { status: 400, type: "query-invalid", title: "the question cannot be read", more },
});

/** Failed logins by the hour and by host, or by host alone. */
function drawn(text: string) {
  const kind = /render (\w+)/.exec(text)?.[1] ?? "table";
  const hosts = ["bastion", "db-1", "<img src=x>"];
  if (kind === "timechart") {
    const rows = hosts.flatMap((host, line) =>
      [0, 1, 2, 3].map((hour) => [`2026-03-04T0${hour}:00:00Z`, host, (line + 1) * hour * 10]),
    );
    const names = [
      { name: "time", type: "datetime" },
      { name: "host", type: "string" },
      { name: "failed", type: "long" },
    ];
    return { columns: names, rows, render: { kind, title: "Failed logins" } };
  }
  const names = [
    { name: "host", type: "string" },
    { name: "failed", type: "long" },
  ];
  return { columns: names, rows: hosts.map((host, line) => [host, 30 - line * 10]), render: { kind } };
}

/** Tables first, columns after `where`, values after `==`; a misspelt operator has a better one. */
function complete(text: string, offset: number) {
  const written = Buffer.from(text).subarray(0, offset).toString();
  const word = /[\w"]*$/.exec(written)?.[0] ?? "";
  const from = offset - Buffer.byteLength(word);
  const all = /==\s*"?\w*$/.test(written)
    ? [
        { text: '"root"', kind: "value", detail: "286 of the newest events" },
        { text: '"rémy"', kind: "value", detail: "12 of the newest events" },
      ]
    : written.includes("where ")
      ? [
          { text: "user", kind: "column", detail: "string" },
          { text: "user_type", kind: "column", detail: "string" },
        ]
      : [
          { text: "linux", kind: "table", detail: "a mart" },
          { text: "linux_audit", kind: "table", detail: "a mart" },
        ];
  const items = all.filter((item) => item.text.replaceAll('"', "").startsWith(word.replaceAll('"', "")));
  const bad = text.search(/\bwher\b/);
  const at = Buffer.byteLength(text.slice(0, Math.max(0, bad)));
  const problems =
    bad < 0
      ? []
      : [{ from: at, to: at + 4, message: 'there is no operator "wher"', hint: "where", severity: "error" }];
  return { replaces: { from, to: offset }, items: bad < 0 ? items : [], problems };
}
