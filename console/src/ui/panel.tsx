import type { ReactNode } from "react";
import { cn } from "@/lib/cn";

interface PanelProps {
  title: string;
  aside?: ReactNode;
  className?: string;
  children: ReactNode;
}

export function Panel({ title, aside, className, children }: PanelProps) {
  return (
    <section aria-label={title} className={cn("rounded-lg border border-line bg-surface", className)}>
      <header className="flex min-h-10 items-center justify-between gap-4 border-b border-line px-4 py-1">
        <h2 className="text-sm font-semibold">{title}</h2>
        <div className="flex items-center gap-2 text-xs text-dim">{aside}</div>
      </header>
      {children}
    </section>
  );
}
