import { useState } from "react";

/** Rows that are ticked, in the order of `all`; those that have gone are ticked no more. */
export function useChosen(all: readonly string[]) {
  const [ticked, setTicked] = useState<ReadonlySet<string>>(new Set());
  return {
    ids: all.filter((id) => ticked.has(id)),
    toggle: (id: string) => setTicked(ticked.has(id) ? without(ticked, id) : new Set([...ticked, id])),
    clear: () => setTicked(new Set()),
  };
}

const without = (ids: ReadonlySet<string>, id: string) => new Set([...ids].filter((other) => other !== id));
