import { VisibleText } from "@/ui/visible-text";

/** Always there, so that it is read out when it fills; it takes room only then. */
export const DecidedNote = ({ words }: { words: string }) => (
  <p role="status" className="min-w-0 text-xs wrap-anywhere text-dim empty:absolute">
    <VisibleText text={words} />
  </p>
);
