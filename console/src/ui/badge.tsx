import type { ComponentProps } from "react";
import { cn } from "@/lib/cn";

const tones = {
  neutral: "text-dim",
  strong: "text-text",
  accent: "text-accent-text",
  good: "text-good",
  warning: "text-high",
  bad: "text-critical",
};

interface BadgeProps extends ComponentProps<"span"> {
  tone?: keyof typeof tones;
}

export function Badge({ tone = "neutral", className, ...rest }: BadgeProps) {
  return (
    <span
      className={cn(
        "inline-flex h-5 items-center gap-1 rounded border border-line bg-raised px-1.5 text-2xs whitespace-nowrap",
        tones[tone],
        className,
      )}
      {...rest}
    />
  );
}
