import { defaultRangeExtractor, useVirtualizer, type Virtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { step } from "./keys";
import { listTarget } from "./list-target";

const overscan_rows = 12;

/** Rows above the one that a list comes back to. */
const context_rows = 4;

/** The active row of each named list. */
const places = new Map<string, number>();

interface ListOptions {
  count: number;
  row_height: number;
  /** Height of a heading that scrolls along above the rows and sticks to the top. */
  header_height?: number;
  /** Lists with the same name come back where they were left. */
  name?: string;
  /** Called when the last rows come near. */
  onEnd?: (() => void) | undefined;
}

/**
 * A virtualised list with one tab stop. The active row always stays mounted, so that the focus survives
 * scrolling; rows carry `data-row={index}` on the element that takes the focus.
 */
export function useList({ count, row_height, header_height = 0, name = "", onEnd }: ListOptions) {
  const container = useRef<HTMLDivElement>(null);
  const left = places.get(name) ?? 0;
  const [place, setPlace] = useState({ name, row: left });
  const chosen = place.name === name ? place.row : left;
  const active = Math.min(chosen, Math.max(0, count - 1));

  const setActive = (index: number) => {
    setPlace({ name, row: index });
    if (name !== "") places.set(name, index);
  };

  const virtualizer = useVirtualizer<HTMLDivElement, HTMLElement>({
    count,
    getScrollElement: () => container.current,
    estimateSize: () => row_height,
    overscan: overscan_rows,
    initialOffset: Math.max(0, left - context_rows) * row_height,
    scrollPaddingEnd: header_height,
    rangeExtractor: (range) => {
      const rows = defaultRangeExtractor(range);
      if (active >= count || rows.includes(active)) return rows;
      return [...rows, active].sort((a, b) => a - b);
    },
    onChange: (list: Virtualizer<HTMLDivElement, HTMLElement>) => {
      const isNearEnd = (list.range?.endIndex ?? 0) >= count - overscan_rows;
      if (isNearEnd && count > 0) onEnd?.();
    },
  });

  const focusRow = (index: number) => {
    if (index < 0 || index >= count) return;
    virtualizer.scrollToIndex(index);
    flushSync(() => setActive(index));
    container.current?.querySelector<HTMLElement>(`[data-row="${index}"]`)?.focus({ preventScroll: true });
  };

  const hasFocus = () => container.current?.contains(document.activeElement) === true;
  // The first step lands on the active row, later ones move from it.
  const move = (by: number) => focusRow(hasFocus() ? step(active, by, count) : active);

  const onKeyDown = (event: KeyboardEvent) => {
    const target = listTarget(event.key, active, count);
    if (target === null || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    focusRow(target);
  };

  return { container, active, setActive, virtualizer, focusRow, move, onKeyDown };
}
