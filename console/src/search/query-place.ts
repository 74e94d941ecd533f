export interface Place {
  line: number;
  column: number;
  line_text: string;
  /** Blanks, then `^` under the place. */
  marker: string;
}

/** Turns the server's byte offset into what the eye sees: a line, a column in characters and a mark below it. */
export function placeOf(text: string, byte_offset: number): Place {
  const bytes = new TextEncoder().encode(text).slice(0, byte_offset);
  const before = new TextDecoder().decode(bytes);
  const lines = before.split("\n");
  const lead = lines.at(-1) ?? "";
  const line = lines.length;
  const line_text = text.split("\n")[line - 1] ?? "";
  const characters = [...lead];
  const blanks = characters.map((character) => (character === "\t" ? "\t" : " ")).join("");
  return { line, column: characters.length + 1, line_text, marker: `${blanks}^` };
}
