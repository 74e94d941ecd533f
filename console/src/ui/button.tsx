import type { ComponentProps } from "react";
import { cn } from "@/lib/cn";

const base =
  "inline-flex shrink-0 items-center justify-center gap-1.5 rounded-md font-medium whitespace-nowrap transition-colors disabled:opacity-50";

const variants = {
  primary: "bg-accent text-on-accent hover:brightness-110",
  outline: "border border-line-strong bg-surface text-text hover:bg-hover",
  ghost: "text-dim hover:bg-hover hover:text-text",
};

const sizes = { small: "h-7 px-2 text-xs", medium: "h-8 px-3 text-sm", icon: "size-8", tiny: "size-6" };

interface ButtonProps extends ComponentProps<"button"> {
  variant?: keyof typeof variants;
  size?: keyof typeof sizes;
}

export function Button({
  variant = "outline",
  size = "medium",
  type = "button",
  className,
  ...rest
}: ButtonProps) {
  return <button type={type} className={cn(base, variants[variant], sizes[size], className)} {...rest} />;
}
