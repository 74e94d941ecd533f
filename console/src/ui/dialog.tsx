import { X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { cn } from "@/lib/cn";

interface DialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  description: string;
  /** The palette shows neither heading nor close button; both still exist for assistive technology. */
  bare?: boolean;
  className?: string;
  children: ReactNode;
}

// Radix's own Overlay locks scrolling through an injected style element, which the content security policy
// refuses. The page does not scroll as a whole, so a plain backdrop does.
export function Dialog({ open, onOpenChange, title, description, bare, className, children }: DialogProps) {
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <div className="fixed inset-0 z-40 bg-black/50" />
        <Radix.Content
          className={cn(
            "fixed top-[12vh] left-1/2 z-50 flex max-h-[76vh] w-[calc(100vw-32px)] -translate-x-1/2 flex-col overflow-hidden rounded-xl border border-line-strong bg-surface shadow-overlay outline-none",
            className,
          )}
        >
          <div className={bare ? "sr-only" : "flex items-center justify-between px-4 pt-4 pb-2"}>
            <Radix.Title className="text-base font-semibold">{title}</Radix.Title>
            {bare ? null : (
              <Radix.Close aria-label="Close" className="rounded p-1 text-dim hover:bg-hover">
                <X size={16} aria-hidden />
              </Radix.Close>
            )}
          </div>
          <Radix.Description className="sr-only">{description}</Radix.Description>
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
