import type { ReactNode } from "react";

interface RulePartProps {
  title: string;
  aside?: ReactNode;
  children: ReactNode;
}

export const RulePart = ({ title, aside, children }: RulePartProps) => (
  <section aria-label={title} className="flex flex-col gap-2">
    <div className="flex min-h-7 items-center gap-2">
      <h3 className="text-xs font-semibold text-faint">{title}</h3>
      <div className="ml-auto flex items-center gap-2">{aside}</div>
    </div>
    {children}
  </section>
);
