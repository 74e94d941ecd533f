/** A run of plain text, or one character that would otherwise be invisible or reorder the line. */
export interface VisiblePart {
  text: string;
  /** `U+001B` for a character that is drawn as a mark. */
  code?: string;
}

// C0 and C1 controls, soft hyphen, zero-width and bidirectional controls, line separators, byte order mark.
const hidden = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Splits hostile text so that nothing in it can hide: log lines are written by whoever attacks. */
export function visibleParts(text: string): VisiblePart[] {
  const parts: VisiblePart[] = [];
  let end = 0;
  for (const match of text.matchAll(hidden)) {
    if (match.index > end) parts.push({ text: text.slice(end, match.index) });
    parts.push(markOf(match[0]));
    end = match.index + match[0].length;
  }
  if (end < text.length) parts.push({ text: text.slice(end) });
  return parts;
}

const named: Record<string, string> = { "\t": "\\t", "\n": "\\n", "\r": "\\r" };

/** Marks are ASCII, as in a string literal: fonts without control pictures would draw empty boxes. */
function markOf(character: string): VisiblePart {
  const point = character.codePointAt(0) ?? 0;
  const hex = point.toString(16);
  const code = `U+${hex.toUpperCase().padStart(4, "0")}`;
  const escaped = point <= 0xff ? `\\x${hex.padStart(2, "0")}` : `\\u${hex.padStart(4, "0")}`;
  return { text: named[character] ?? escaped, code };
}
