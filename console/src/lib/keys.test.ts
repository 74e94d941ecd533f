import { describe, expect, it } from "vitest";
import { keyName, matchKey, showKeys, step } from "./keys";
import { listTarget } from "./list-target";

const press = (key: string, held: Partial<Parameters<typeof keyName>[0]> = {}) =>
  keyName({ key, ctrlKey: false, metaKey: false, altKey: false, ...held });

describe("keyName", () => {
  it("is the same with Ctrl and with Cmd", () => {
    expect(press("k", { ctrlKey: true })).toBe("mod+k");
    expect(press("K", { metaKey: true })).toBe("mod+k");
  });

  it("keeps shifted characters apart and names the others", () => {
    expect(press("?")).toBe("?");
    expect(press("J")).toBe("J");
    expect(press("ArrowDown")).toBe("arrowdown");
    expect(press("j", { altKey: true })).toBe("alt+j");
  });
});

describe("matchKey", () => {
  const bound = ["j", "g i", "g s", "mod+k"];
  const type = (...names: string[]) =>
    names.reduce<{ hits: string[]; prefix: string }>(
      ({ hits, prefix }, name) => {
        const match = matchKey(bound, prefix, name);
        return { hits: match.hit === null ? hits : [...hits, match.hit], prefix: match.prefix };
      },
      { hits: [], prefix: "" },
    );

  it("waits for the second key", () => {
    expect(type("g")).toEqual({ hits: [], prefix: "g" });
    expect(type("g", "i")).toEqual({ hits: ["g i"], prefix: "" });
  });

  it("starts afresh after a wrong second key", () => {
    expect(type("g", "j")).toEqual({ hits: ["j"], prefix: "" });
    expect(type("g", "g", "s")).toEqual({ hits: ["g s"], prefix: "" });
    expect(type("g", "z", "i")).toEqual({ hits: [], prefix: "" });
  });

  it("does not take i alone, nor j with a modifier", () => {
    expect(type("i")).toEqual({ hits: [], prefix: "" });
    expect(type("mod+j")).toEqual({ hits: [], prefix: "" });
  });
});

describe("moving", () => {
  it("stays within the list", () => {
    expect(step(0, -1, 3)).toBe(0);
    expect(step(2, 1, 3)).toBe(2);
    expect(step(0, 1, 0)).toBe(-1);
  });

  it("knows the list keys and leaves the others alone", () => {
    expect(listTarget("j", 4, 10)).toBe(5);
    expect(listTarget("End", 4, 10)).toBe(9);
    expect(listTarget("PageDown", 4, 10)).toBe(9);
    expect(listTarget("Home", 4, 10)).toBe(0);
    expect(listTarget("a", 4, 10)).toBeNull();
  });
});

it("shows keys as they are printed on them", () => {
  expect(showKeys("mod+k", true)).toEqual(["⌘", "K"]);
  expect(showKeys("mod+k", false)).toEqual(["Ctrl", "K"]);
  expect(showKeys("g i", false)).toEqual(["G", "I"]);
  expect(showKeys("arrowdown", false)).toEqual(["↓"]);
});
