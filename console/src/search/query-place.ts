export interface Place {
  line: number;
  column: number;
  line_text: string;
  /** Blanks, then `^` under the place. */
  marker: string;
}

/** Turns the server's byte offset into what the eye sees: a line, a column in characters and a mark below it. */
export function placeOf(text: string, byte_offset: number): Place {
  const before = text.slice(0, indexOfByte(text, byte_offset));
  const lines = before.split("\n");
  const lead = lines.at(-1) ?? "";
  const line = lines.length;
  const line_text = text.split("\n")[line - 1] ?? "";
  const characters = [...lead];
  const blanks = characters.map((character) => (character === "\t" ? "\t" : " ")).join("");
  return { line, column: characters.length + 1, line_text, marker: `${blanks}^` };
}

/** Where a text field counts characters, the server counts bytes of UTF-8. */
export const byteOffset = (text: string, index: number) =>
  new TextEncoder().encode(text.slice(0, index)).length;

export const indexOfByte = (text: string, byte_offset: number) =>
  new TextDecoder().decode(new TextEncoder().encode(text).slice(0, byte_offset)).length;

/** `text` with the bytes from `from` to `to` replaced, and where the caret stands after that. */
export function replaced(
  text: string,
  from: number,
  to: number,
  by: string,
): { text: string; caret: number } {
  const head = text.slice(0, indexOfByte(text, from));
  return { text: head + by + text.slice(indexOfByte(text, to)), caret: head.length + by.length };
}
