import { describe, expect, it } from "vitest";
import { logOddsText, oddsText } from "./odds";

describe("odds", () => {
  it("multiply where a reason adds, and divide where it takes", () => {
    expect(oddsText(Math.log(4.1))).toBe("×4.1");
    expect(oddsText(-Math.log(1.5))).toBe("÷1.5");
    expect(oddsText(0)).toBe("×1.00");
  });

  it("are short when large, and exact when small", () => {
    expect(oddsText(Math.log(12.3))).toBe("×12");
    expect(oddsText(Math.log(8_103))).toBe("×8,103");
    expect(oddsText(Math.log(1.04))).toBe("×1.04");
  });

  it("are told as they add up, too", () => {
    expect(logOddsText(1.234)).toBe("Adds 1.23 log-odds");
    expect(logOddsText(-0.3)).toBe("Takes 0.30 log-odds");
  });
});
