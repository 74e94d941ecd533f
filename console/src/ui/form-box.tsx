import type { KeyboardEvent, ReactNode } from "react";

export const FormBox = ({ title, children }: { title: string; children: ReactNode }) => (
  <div className="flex flex-col gap-3 rounded-lg border border-line-strong bg-canvas p-4">
    <h3 className="text-sm font-semibold">{title}</h3>
    {children}
  </div>
);

/** Escape ends the form, not the panel that it stands in. */
export const closeOnEscape = (onClose: () => void) => (event: KeyboardEvent<HTMLElement>) => {
  if (event.key !== "Escape" || event.defaultPrevented) return;
  event.preventDefault();
  onClose();
};
