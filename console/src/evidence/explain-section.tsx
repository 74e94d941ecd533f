import { ListTree } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { useCommands } from "@/lib/commands";
import { Button } from "@/ui/button";
import { Kbd } from "@/ui/kbd";
import { SkeletonLines } from "@/ui/skeleton";

// Most events are read without asking: only who asks pays for the answer's code.
const Explain = lazy(() => import("./explain"));

/** Asked only when somebody wants to know: every rule in force is tried on the event. */
export function ExplainSection({ event, rule }: { event: string; rule?: string | undefined }) {
  const [isAsked, setAsked] = useState(false);
  useCommands(
    [
      {
        id: "event-explain",
        title: "Which rules match this event, and why",
        group: "Event",
        keys: ["w"],
        run: () => setAsked(true),
      },
    ],
    "panel",
  );
  return (
    <section aria-label="Rules">
      <h3 className="mb-1.5 text-xs font-semibold text-faint">Rules</h3>
      {isAsked ? (
        <Suspense fallback={<SkeletonLines lines={4} label="Asking the rules" />}>
          <Explain event={event} rule={rule} />
        </Suspense>
      ) : (
        <Button size="small" onClick={() => setAsked(true)}>
          <ListTree size={12} aria-hidden />
          Which rules match this event, and why
          <Kbd keys="w" />
        </Button>
      )}
    </section>
  );
}
