import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { completionQuery } from "@/api/query-queries";
import type { Suggestion, TextProblem } from "@/api/query-types";
import { useSettled } from "@/lib/use-settled";
import { byteOffset } from "./query-place";

const settle_ms = 120;
const shown_max = 12;

const none: Suggestion[] = [];
const no_problems: TextProblem[] = [];

/** What may stand at the caret of a question that is being written; `caret` is null while nobody writes. */
export function useCompletion(text: string, caret: number | null) {
  const asked = useSettled(caret === null ? null : `${byteOffset(text, caret)}\n${text}`, settle_ms);
  const [closed, setClosed] = useState<string | null>(null);
  const [choice, setChoice] = useState<{ of: string | null; index: number | null }>({
    of: null,
    index: null,
  });
  const cut = asked?.indexOf("\n") ?? 0;
  const query = useQuery({
    ...completionQuery(asked?.slice(cut + 1) ?? "", Number(asked?.slice(0, cut) ?? 0)),
    enabled: asked !== null && asked.length > cut + 1,
  });
  // An answer to an older text would replace the wrong letters.
  const isCurrent = caret !== null && asked === `${byteOffset(text, caret)}\n${text}`;
  const answer = isCurrent ? query.data : undefined;
  const items = answer?.items.slice(0, shown_max) ?? none;
  const index = choice.of === asked ? choice.index : null;
  return {
    items,
    problems: answer?.problems ?? no_problems,
    replaces: answer?.replaces ?? null,
    isOpen: items.length > 0 && closed !== asked,
    /** The one that Tab takes. */
    active: index ?? 0,
    /** Whether somebody has gone to it: only then Enter takes it and does not run the question. */
    isChosen: index !== null,
    move: (step: number) =>
      setChoice({
        of: asked,
        index:
          index === null ? (step > 0 ? 0 : items.length - 1) : (index + step + items.length) % items.length,
      }),
    close: () => setClosed(asked),
  };
}
