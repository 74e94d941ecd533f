import { useQuery } from "@tanstack/react-query";
import { ArrowLeft, ChevronDown, ChevronUp } from "lucide-react";
import { problemOf } from "@/api/client";
import { eventQuery } from "@/api/queries";
import type { EventDetail } from "@/api/types";
import { useCommands } from "@/lib/commands";
import { Button } from "@/ui/button";
import { Empty } from "@/ui/empty";
import { ProblemView } from "@/ui/problem";
import { SkeletonLines } from "@/ui/skeleton";
import { EventBody } from "./event-body";
import { takeFocus } from "./focus";

interface EventViewProps {
  id: string;
  /** The event, when a list has loaded it already. */
  known?: EventDetail | undefined;
  /** The rule that led here: it is explained even if it does not match. */
  rule?: string | undefined;
  onClose: () => void;
  /** To the next or previous event of the list behind; absent when there is none. */
  onStep?: (by: number) => void;
}

export function EventView({ id, known, rule, onClose, onStep }: EventViewProps) {
  const query = useQuery({ ...eventQuery(id), initialData: known });
  const event = query.data;

  useCommands(
    [
      { id: "event-close", title: "Close the event", group: "Event", keys: ["escape"], run: onClose },
      ...(onStep === undefined
        ? []
        : [
            {
              id: "event-next",
              title: "Next event",
              group: "Event",
              keys: ["j", "arrowdown"],
              run: () => onStep(1),
            },
            {
              id: "event-previous",
              title: "Previous event",
              group: "Event",
              keys: ["k", "arrowup"],
              run: () => onStep(-1),
            },
          ]),
      {
        id: "event-copy",
        title: "Copy the raw line",
        group: "Event",
        keys: ["c"],
        run: () => void navigator.clipboard?.writeText(event?.raw ?? ""),
      },
    ],
    "panel",
  );

  return (
    <article
      aria-label={`Event ${id}`}
      tabIndex={-1}
      ref={takeFocus}
      className="flex h-full flex-col outline-none"
    >
      <header className="flex h-10 shrink-0 items-center gap-1 border-b border-line px-2">
        <Button variant="ghost" size="small" onClick={onClose} title="Close the event (Esc)">
          <ArrowLeft size={14} aria-hidden />
          Back
        </Button>
        <h2 className="ml-1 truncate font-mono text-xs">{id}</h2>
        {onStep === undefined ? null : (
          <span className="ml-auto flex">
            <Button
              variant="ghost"
              size="icon"
              onClick={() => onStep(-1)}
              aria-label="Previous event"
              title="Previous event (K)"
            >
              <ChevronUp size={16} aria-hidden />
            </Button>
            <Button
              variant="ghost"
              size="icon"
              onClick={() => onStep(1)}
              aria-label="Next event"
              title="Next event (J)"
            >
              <ChevronDown size={16} aria-hidden />
            </Button>
          </span>
        )}
      </header>
      <div className="min-h-0 flex-1 overflow-auto">
        {query.isPending ? <SkeletonLines lines={6} label="Loading the event" /> : null}
        {query.isError ? <EventProblem error={query.error} id={id} /> : null}
        {event === undefined ? null : <EventBody event={event} rule={rule} />}
      </div>
    </article>
  );
}

function EventProblem({ error, id }: { error: unknown; id: string }) {
  if (problemOf(error).status !== 404) return <ProblemView error={error} />;
  return <Empty title="There is no such event">No event has the id {id}, or it is past its retention.</Empty>;
}
