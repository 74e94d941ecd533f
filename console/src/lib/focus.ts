/** For `ref`: takes the focus when the element appears. */
export function focusOnShow(element: HTMLElement | null) {
  element?.focus({ preventScroll: true });
}

/** For `ref` of a form: its first field takes the focus. */
export function focusFirstField(form: HTMLFormElement | null) {
  form?.querySelector<HTMLElement>("input, textarea, select")?.focus();
}
