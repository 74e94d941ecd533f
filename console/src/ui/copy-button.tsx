import { Check, Copy } from "lucide-react";
import { useState } from "react";
import { Button } from "./button";

const confirm_ms = 1_500;

interface CopyButtonProps {
  /** What is copied, in a word: `raw`, `id`. */
  label: string;
  text: string;
  /** Only the icon; the words are still there for assistive technology. */
  bare?: boolean;
}

/** Copies `text` as it is: what is drawn may show marks for control characters, what is copied has none. */
export function CopyButton({ label, text, bare = false }: CopyButtonProps) {
  const [state, setState] = useState<"idle" | "copied" | "refused">("idle");

  const copy = async () => {
    const isCopied = await navigator.clipboard?.writeText(text).then(
      () => true,
      () => false,
    );
    setState(isCopied ? "copied" : "refused");
    setTimeout(() => setState("idle"), confirm_ms);
  };

  const words = { idle: label, copied: "Copied", refused: "Not allowed" }[state];
  return (
    <Button
      variant={bare ? "ghost" : "outline"}
      size={bare ? "tiny" : "small"}
      onClick={copy}
      aria-label={`Copy ${label}`}
      title={`Copy ${label}`}
    >
      {state === "copied" ? <Check size={12} aria-hidden /> : <Copy size={12} aria-hidden />}
      <span aria-live="polite" className={bare ? "sr-only" : undefined}>
        {words}
      </span>
    </Button>
  );
}
