import { useSyncExternalStore } from "react";

const tick_ms = 5_000;
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

function subscribe(listener: () => void) {
  listeners.add(listener);
  if (timer === undefined) {
    timer = setInterval(() => {
      now = Date.now();
      for (const each of listeners) each();
    }, tick_ms);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** The current moment in milliseconds, renewed for all "3 min ago" at once. */
export const useNow = () => useSyncExternalStore(subscribe, () => now);
