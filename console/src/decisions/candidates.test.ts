import { expect, it } from "vitest";
import { type Candidate, incidentIdIn, othersThan } from "./candidates";

it("finds the id in what was typed or pasted", () => {
  expect(incidentIdIn("inc-5d7ab589f023d40f")).toBe("inc-5d7ab589f023d40f");
  expect(incidentIdIn("https://soc/incidents/INC-5D7AB589F023D40F?sentence=1")).toBe("inc-5d7ab589f023d40f");
  expect(incidentIdIn("inc-5d7a")).toBeUndefined();
  expect(incidentIdIn("inc-5d7ab589f023d40f00")).toBeUndefined();
});

it("offers no incident for itself", () => {
  const candidates = [{ id: "inc-1" }, { id: "inc-2" }] as Candidate[];
  expect(othersThan("inc-1", candidates).map((each) => each.id)).toEqual(["inc-2"]);
});
