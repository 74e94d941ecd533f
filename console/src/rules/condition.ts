/** One line of the form: all values of one way to look at one field. */
export interface ConditionRow {
  /** For React: rows come and go. */
  key: number;
  field: string;
  how: How;
  /** One value a line. */
  values: string;
}

export const hows = ["is", "contains", "startswith", "endswith", "re", "cidr"] as const;
export type How = (typeof hows)[number];

export const howWords: Record<How, string> = {
  is: "is",
  contains: "contains",
  startswith: "starts with",
  endswith: "ends with",
  re: "matches the regex",
  cidr: "is in the network",
};

export type Condition = Record<string, string | string[]>;

export type ConditionReading = { condition: Condition; wrong?: never } | { condition?: never; wrong: string };

const valuesOf = (text: string) =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");

/** The rows as a selection of a Sigma rule, or what is missing. */
export function readCondition(rows: readonly ConditionRow[]): ConditionReading {
  // Field names come from logs: none of them may mean anything to JavaScript.
  const condition = new Map<string, string | string[]>();
  for (const row of rows) {
    const field = row.field.trim();
    const values = valuesOf(row.values);
    const [first] = values;
    if (field === "") return { wrong: "Name a field in every row." };
    if (field.includes("|"))
      return { wrong: `Choose how ${field.split("|", 1)[0]} is compared from the list.` };
    if (first === undefined) return { wrong: `Give ${field} a value.` };
    const key = row.how === "is" ? field : `${field}|${row.how}`;
    if (condition.has(key)) return { wrong: `${key} stands in two rows: put its values into one.` };
    condition.set(key, values.length === 1 ? first : values);
  }
  if (condition.size === 0) return { wrong: "Name a field: an exception without one would hide everything." };
  return { condition: Object.fromEntries(condition) };
}

/** A condition for reading, a line for each field; alternatives are told apart by `or`. */
export function conditionLines(condition: unknown): string[] {
  if (Array.isArray(condition)) {
    return condition.flatMap((each, index) => [...(index === 0 ? [] : ["or"]), ...conditionLines(each)]);
  }
  if (typeof condition !== "object" || condition === null) return [valueText(condition)];
  return Object.entries(condition).map(([key, value]) => `${key}: ${valueText(value)}`);
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.map(valueText).join(", ");
  return typeof value === "string" ? value : JSON.stringify(value);
}
