import type { ReactNode } from "react";

interface EmptyProps {
  title: string;
  /** `h1` where nothing else is on the page. */
  heading?: "h1" | "h2";
  children?: ReactNode;
}

/** An empty place says what would fill it and what to do about that. */
export function Empty({ title, heading: Heading = "h2", children }: EmptyProps) {
  return (
    <div className="flex flex-col items-center justify-center gap-2 px-8 py-16 text-center">
      <Heading className="text-base font-semibold">{title}</Heading>
      <div className="max-w-lg text-sm text-dim">{children}</div>
    </div>
  );
}

export const Code = ({ children }: { children: ReactNode }) => (
  <code className="rounded border border-line bg-raised px-1.5 py-0.5 font-mono text-xs text-text">
    {children}
  </code>
);
