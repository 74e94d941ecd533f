import { describe, expect, it } from "vitest";
import { columnsOf, draftOf, missingIn } from "./mart-draft";

const draft = { name: "payments", description: "", filter: "host startswith 'pay-'", columns: "", days: "" };

describe("missingIn", () => {
  it("lets a whole draft pass", () => {
    expect(missingIn({ ...draft, columns: "amount long, iban", days: "90" })).toBeUndefined();
  });

  it("names what is wrong", () => {
    expect(missingIn({ ...draft, name: "Pay ments" })).toMatch(/name/);
    expect(missingIn({ ...draft, filter: " " })).toMatch(/which events/);
    expect(missingIn({ ...draft, days: "0" })).toMatch(/whole number/);
    expect(missingIn({ ...draft, columns: "amount money" })).toMatch(/money is no kind/);
  });
});

describe("columnsOf", () => {
  it("takes the last word as the kind, text where there is none", () => {
    expect(columnsOf("amount long, odd name string,, iban")).toEqual([
      { name: "amount", type: "long" },
      { name: "odd name", type: "string" },
      { name: "iban", type: "string" },
    ]);
  });

  it("reads what it has written", () => {
    const columns = [{ name: "amount", type: "long" as const }];
    const mart = { ...draft, columns, retention_days: 30, state: "active" as const };
    const written = draftOf({ ...mart, since: "", time: "", version: 1, revision: 1, changed_by: "" });
    expect(columnsOf(written.columns)).toEqual(columns);
    expect(written.days).toBe("30");
  });
});
