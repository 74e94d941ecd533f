import { describe, expect, it } from "vitest";
import { visibleParts } from "./visible";

const shown = (text: string) =>
  visibleParts(text)
    .map((part) => part.text)
    .join("");

describe("visibleParts", () => {
  it("leaves ordinary text in one piece, whatever its script", () => {
    expect(visibleParts("Ünïcode 日本 <b>&amp;")).toEqual([{ text: "Ünïcode 日本 <b>&amp;" }]);
    expect(visibleParts("")).toEqual([]);
  });

  it("marks terminal escapes and line ends", () => {
    expect(visibleParts("id\u001b[2K\n")).toEqual([
      { text: "id" },
      { text: "\\x1b", code: "U+001B" },
      { text: "[2K" },
      { text: "\\n", code: "U+000A" },
    ]);
  });

  it.each(["\u202e", "\u2066", "\u200b", "\ufeff", "\u00ad", "\u0085", "\u007f", "\u2028", "\u0000"])(
    "never lets %j through",
    (character) => {
      const text = shown(`cat${character}dog`);
      expect(text).not.toContain(character);
      expect(text.startsWith("cat")).toBe(true);
      expect(text.endsWith("dog")).toBe(true);
    },
  );

  it("loses no visible character", () => {
    const text = "a\tb\u0007c\u202ed";
    const plain = visibleParts(text).filter((part) => part.code === undefined);
    expect(plain.map((part) => part.text).join("")).toBe("abcd");
  });
});
