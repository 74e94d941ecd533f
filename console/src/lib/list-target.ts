import { step } from "./keys";

const page_rows = 10;

/** The row a key moves to, null when the key does not move. */
export function listTarget(key: string, active: number, count: number): number | null {
  switch (key) {
    case "j":
    case "ArrowDown":
      return step(active, 1, count);
    case "k":
    case "ArrowUp":
      return step(active, -1, count);
    case "PageDown":
      return step(active, page_rows, count);
    case "PageUp":
      return step(active, -page_rows, count);
    case "Home":
      return step(0, 0, count);
    case "End":
      return step(count - 1, 0, count);
    default:
      return null;
  }
}
