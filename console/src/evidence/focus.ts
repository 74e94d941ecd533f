export const list_id = "evidence-events";

/** Goes to the list of events, or to the event that lies over it. */
export function focusEvidence() {
  const list = document.getElementById(list_id);
  const covering = list?.inert ? list.parentElement?.querySelector<HTMLElement>("article") : null;
  (covering ?? list)?.focus();
}

/**
 * For `ref`: when the element goes away with the focus in it, the evidence that takes its place gets the focus.
 * Without this the focus would fall back to the page's beginning.
 */
export function handOverFocus(element: HTMLElement | null) {
  return () => {
    if (element?.contains(document.activeElement) !== true) return;
    setTimeout(() => {
      if (document.activeElement === document.body) focusEvidence();
    });
  };
}

/** For `ref`: takes the focus when the element appears, and hands it over when it goes. */
export function takeFocus(element: HTMLElement | null) {
  element?.focus({ preventScroll: true });
  return handOverFocus(element);
}
