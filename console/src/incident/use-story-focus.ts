import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import type { IncidentView } from "@/lib/url-state";

const route = getRouteApi("/incidents/$id");

/**
 * Which sentence the page is about. A pinned one (in the address, so it can be shared) beats the one under the
 * pointer, which beats the one the keyboard stands on.
 */
export function useStoryFocus(sentences: number) {
  const view = route.useSearch();
  const navigate = route.useNavigate();
  const [hovered, setHovered] = useState<number | null>(null);
  const [current, setCurrent] = useState(view.sentence ?? 0);

  const isPinned = view.sentence !== undefined && view.sentence < sentences;
  const shown = (isPinned ? view.sentence : (hovered ?? current)) ?? 0;

  const show = (next: IncidentView) => navigate({ search: next, replace: true });

  return {
    shown,
    current,
    pinned: isPinned ? view.sentence : undefined,
    signal: view.signal,
    event: view.event,
    hover: setHovered,
    stand: setCurrent,
    /** The keyboard moved: a pin moves along, and a pointer that happens to lie there no longer counts. */
    moveTo: (index: number) => {
      setCurrent(index);
      setHovered(null);
      if (isPinned && view.sentence !== index) void show({ sentence: index });
    },
    togglePin: (index: number) => {
      setCurrent(index);
      void show(view.sentence === index ? {} : { sentence: index });
    },
    pin: (index: number) => {
      setCurrent(index);
      void show({ sentence: index });
    },
    unpin: () => show({}),
    showSignal: (signal: string) => show({ sentence: view.sentence, signal }),
    showEvent: (signal: string, event: string) => show({ sentence: view.sentence, signal, event }),
    hideEvent: () => show({ sentence: view.sentence, signal: view.signal }),
  };
}

export type StoryFocus = ReturnType<typeof useStoryFocus>;
