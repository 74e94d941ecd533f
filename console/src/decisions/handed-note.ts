import { createStore } from "@/lib/store";
import type { Decided } from "./decision-words";

const handed = createStore<{ incident: string; decided: Decided } | null>(null);

/** The page goes on to `incident`, where it is told what was decided here. */
export const handNote = (incident: string, decided: Decided) => handed.set({ incident, decided });

export const forgetNote = () => handed.set(null);

export function noteFor(incident: string): Decided | undefined {
  const note = handed.get();
  return note?.incident === incident ? note.decided : undefined;
}
