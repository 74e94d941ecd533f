import { useSyncExternalStore } from "react";

/** State that lives outside React because something outside React changes it. */
export function createStore<T>(initial: T) {
  let value = initial;
  const listeners = new Set<() => void>();
  const subscribe = (listener: () => void) => {
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  };
  return {
    get: () => value,
    set: (next: T) => {
      value = next;
      for (const listener of listeners) listener();
    },
    /** One slice of the value; `select` must return something referentially stable. */
    use: <S>(select: (value: T) => S): S => useSyncExternalStore(subscribe, () => select(value)),
  };
}
