/** The part of a keyboard event that decides which command it means. */
export interface KeyPress {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
}

/** How long after the first key of `g i` the second may come. */
export const sequence_ms = 1_200;

/** `mod+k` with Ctrl or Cmd, else the key itself; shifted characters are their own keys (`?`). */
export function keyName(press: KeyPress): string {
  const key = press.key.length === 1 ? press.key : press.key.toLowerCase();
  if (press.ctrlKey || press.metaKey) return `mod+${key.toLowerCase()}`;
  return press.altKey ? `alt+${key.toLowerCase()}` : key;
}

export interface KeyMatch {
  /** The bound sequence that is now complete. */
  hit: string | null;
  /** What has been typed of a longer one. */
  prefix: string;
}

/** One step through the bound sequences, written `j`, `mod+k`, `g i`. */
export function matchKey(bound: readonly string[], prefix: string, name: string): KeyMatch {
  const typed = prefix === "" ? name : `${prefix} ${name}`;
  if (bound.includes(typed)) return { hit: typed, prefix: "" };
  if (bound.some((sequence) => sequence.startsWith(`${typed} `))) return { hit: null, prefix: typed };
  // A wrong second key starts afresh, so that `g j` still moves down.
  return prefix === "" ? { hit: null, prefix: "" } : matchKey(bound, "", name);
}

/** `mod+k` → `Ctrl K` or `⌘ K`, `g i` → `G I` */
export function showKeys(sequence: string, isApple: boolean): string[] {
  return sequence.split(/[ +]/).map((part) => {
    if (part === "escape") return "Esc";
    if (part === "mod") return isApple ? "⌘" : "Ctrl";
    if (part.startsWith("arrow")) return { up: "↑", down: "↓", left: "←", right: "→" }[part.slice(5)] ?? part;
    return part.length === 1 ? part.toUpperCase() : part.charAt(0).toUpperCase() + part.slice(1);
  });
}

/** The index after a step, held within the list. */
export function step(index: number, by: number, length: number): number {
  if (length === 0) return -1;
  return Math.min(length - 1, Math.max(0, index + by));
}
