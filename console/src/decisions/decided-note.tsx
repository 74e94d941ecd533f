import { Link } from "@tanstack/react-router";
import { VisibleText } from "@/ui/visible-text";
import type { Decided } from "./decision-words";

/** Always there, so that it is read out when it fills; it takes room only then. */
export const DecidedNote = ({ decided }: { decided: Decided | undefined }) => (
  <p role="status" className="min-w-0 text-xs wrap-anywhere text-dim empty:absolute">
    {decided === undefined ? null : <VisibleText text={decided.words} />}
    {decided?.incident === undefined ? null : (
      <>
        {" "}
        <Link
          to="/incidents/$id"
          params={{ id: decided.incident }}
          className="font-mono text-accent-text underline underline-offset-2"
        >
          {decided.incident}
        </Link>
      </>
    )}
  </p>
);
