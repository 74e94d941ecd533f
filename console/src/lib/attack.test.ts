import { describe, expect, it } from "vitest";
import { tacticsOf, techniquesOf } from "./attack";

// The same tags as in the detection crate's own test: both must read them alike.
const tags = [
  "attack.t1110.001",
  "attack.T1078",
  "attack.t1110.001",
  "attack.credential-access",
  "attack.credential_access",
  "attack.s0005",
  "attack.g0007",
  "cve.2021-44228",
  "attack.t11",
  "t1110",
  "attack.t1110.1",
];

describe("ATT&CK tags", () => {
  it("name techniques and tactics once each", () => {
    expect(techniquesOf(tags)).toEqual(["T1110.001", "T1078"]);
    expect(tacticsOf(tags)).toEqual(["credential-access"]);
  });
});
