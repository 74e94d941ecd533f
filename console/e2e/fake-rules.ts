import type { ExceptionBody, Tuning } from "../src/api/rule-types";
import { allRules, backtest, coverage, explain, firstTuning, guessing } from "./rule-fixtures";

/** An answer, or the title of a problem with its status. */
export type RuleAnswer = { body: unknown } | { status: number; title: string };

const missing = (title: string): RuleAnswer => ({ status: 404, title });

/** The part of the stand-in that knows rules; it remembers what a test disables and excepts. */
export class FakeRules {
  isEmpty = false;
  isFailing = false;
  /** Bodies of the changes that were asked for. */
  readonly changes: unknown[] = [];
  #tuning: Tuning = firstTuning();

  reset() {
    this.isEmpty = false;
    this.isFailing = false;
    this.changes.length = 0;
    this.#tuning = firstTuning();
  }

  answer(path: string, body: Record<string, unknown>): RuleAnswer | null {
    if (path.startsWith("rules") && this.isFailing) return { status: 503, title: "the stores are busy" };
    switch (path) {
      case "rules":
        return { body: this.isEmpty ? { rules: [], problems: [] } : allRules };
      case "rules/tuning":
        return { body: this.#tuning };
      case "rules/coverage":
        return { body: coverage(this.#tuning.disabled.map((entry) => entry.rule)) };
      case "rules/backtest":
        return { body: backtest(body.rule_ids as string[]) };
      case "rules/explain":
        return { body: { explanations: explain(body.rule_ids as string[] | undefined), problems: [] } };
      case "rules/exceptions/preview":
        return preview(body.exception as ExceptionBody);
      default:
        return this.#change(path, body);
    }
  }

  #change(path: string, body: Record<string, unknown>): RuleAnswer | null {
    const { disabled, exceptions } = this.#tuning;
    const id = String(body.id);
    const now = new Date().toISOString();
    const used = { hidden: 0, first: null, last: null };
    if (path === "rules/disable") {
      const entry = { ...(body as { rule: string; owner: string; reason: string }), since: now, used };
      this.#tuning = { disabled: [...disabled, entry], exceptions };
    } else if (path === "rules/enable") {
      if (!disabled.some((entry) => entry.rule === id)) return missing(`there is no disabled rule ${id}`);
      this.#tuning = { disabled: disabled.filter((entry) => entry.rule !== id), exceptions };
    } else if (path === "rules/exceptions") {
      const { rules = [], ...rest } = body as unknown as ExceptionBody;
      const made = { ...rest, scope: { rules }, created: now, expired: false, used };
      this.#tuning = { disabled, exceptions: [...exceptions, made] };
    } else if (path === "rules/exceptions/remove") {
      this.#tuning = { disabled, exceptions: exceptions.filter((each) => each.id !== id) };
    } else return null;
    this.changes.push({ path, ...body });
    return { body: this.#tuning };
  }
}

function preview(exception: ExceptionBody): RuleAnswer {
  if (JSON.stringify(exception.condition).includes("(")) {
    return { status: 400, title: "the regex is not closed" };
  }
  return {
    body: {
      sentence: "would have hidden 12 matches in all that is stored, none of them confirmed",
      examined: 14,
      would_hide: 12,
      confirmed: 0,
      by_rule: { [guessing]: 12 },
      examples: Array.from({ length: 12 }, (_, index) => ({
        rule: guessing,
        title: "SSH password guessing from one address",
        time: `2026-03-04T01:${10 + index}:00.000000Z`,
      })),
    },
  };
}
