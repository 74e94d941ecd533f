import type { KeyboardEvent } from "react";
import type { EventDetail } from "@/api/types";
import { cn } from "@/lib/cn";
import { formatTime } from "@/lib/format";
import { listTarget } from "@/lib/list-target";
import { useList } from "@/lib/use-list";
import { VisibleText } from "@/ui/visible-text";
import { list_id } from "./focus";

const row_height = 68;
/** Longer lines are cut in the list; the event's own view shows all of them. */
const preview_chars_max = 240;
const optionId = (index: number) => `${list_id}-${index}`;

interface EventListProps {
  events: EventDetail[];
  isLoading: boolean;
  isCovered: boolean;
  onOpen: (event: string) => void;
  onEnd: () => void;
}

export function EventList({ events, isLoading, isCovered, onOpen, onEnd }: EventListProps) {
  const list = useList({ count: events.length, row_height, onEnd });

  const onKeyDown = (event: KeyboardEvent) => {
    const opened = events[list.active];
    const isOpening = event.key === "Enter" || event.key === " ";
    if (isOpening && opened !== undefined) {
      event.preventDefault();
      onOpen(opened.id);
    } else if (listTarget(event.key, list.active, events.length) !== null) {
      list.onKeyDown(event);
    }
  };

  return (
    <div
      ref={list.container}
      id={list_id}
      role="listbox"
      aria-label="Events"
      aria-busy={isLoading}
      aria-activedescendant={events.length > 0 ? optionId(list.active) : undefined}
      tabIndex={0}
      inert={isCovered}
      onKeyDown={onKeyDown}
      className="group min-h-0 flex-1 overflow-auto outline-none focus-visible:ring-2 focus-visible:ring-accent focus-visible:ring-inset"
    >
      <div className="relative" style={{ height: list.virtualizer.getTotalSize() }}>
        {list.virtualizer.getVirtualItems().map((row) => {
          const event = events[row.index];
          if (event === undefined) return null;
          const isActive = row.index === list.active;
          return (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the list keeps the focus and takes the keys
            <div
              key={event.id}
              id={optionId(row.index)}
              role="option"
              tabIndex={-1}
              aria-selected={isActive}
              aria-setsize={-1}
              aria-posinset={row.index + 1}
              onClick={() => {
                list.setActive(row.index);
                onOpen(event.id);
              }}
              style={{ height: row_height, transform: `translateY(${row.start}px)` }}
              className={cn(
                "absolute inset-x-0 flex flex-col justify-center border-b border-line px-4 hover:bg-hover",
                isActive && "bg-hover group-focus-visible:bg-selected",
              )}
            >
              <EventSummary event={event} />
              <span className="line-clamp-2 font-mono text-xs wrap-anywhere whitespace-pre-wrap">
                <VisibleText text={event.raw.slice(0, preview_chars_max)} />
              </span>
            </div>
          );
        })}
      </div>
    </div>
  );
}

const summary_columns = ["code", "outcome", "host", "user", "target_user", "src_ip"];

function EventSummary({ event }: { event: EventDetail }) {
  const words = summary_columns.flatMap((name) => event.header[name] ?? []);
  return (
    <span className="flex gap-3 text-2xs text-dim tabular-nums">
      <span>{formatTime(event.time)}</span>
      <span className="truncate">{[...new Set(words)].join(" · ")}</span>
      <span className="ml-auto shrink-0 font-mono">{event.id}</span>
    </span>
  );
}
