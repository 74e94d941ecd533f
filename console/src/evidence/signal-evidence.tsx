import { useInfiniteQuery } from "@tanstack/react-query";
import { evidenceQuery } from "@/api/queries";
import type { NumberedSignal } from "@/incident/signal-numbers";
import { formatCount, plural } from "@/lib/format";
import { step } from "@/lib/keys";
import { ProblemView } from "@/ui/problem";
import { EventList } from "./event-list";
import { EventView } from "./event-view";
import { handOverFocus } from "./focus";
import { SignalBar } from "./signal-bar";

interface SignalEvidenceProps {
  item: NumberedSignal;
  event: string | undefined;
  isKnownShown: boolean;
  onToggleKnown: () => void;
  onJudge: () => void;
  onOpen: (event: string) => void;
  onClose: () => void;
}

export function SignalEvidence(props: SignalEvidenceProps) {
  const { item, event, isKnownShown, onToggleKnown, onJudge, onOpen, onClose } = props;
  const query = useInfiniteQuery(evidenceQuery(item.signal));
  const events = query.data?.pages.flatMap((page) => page.events) ?? [];
  const missing = query.data?.pages.flatMap((page) => page.missing) ?? [];
  const opened = events.findIndex((each) => each.id === event);

  const openBy = (by: number) => {
    const next = events[step(opened, by, events.length)];
    if (next !== undefined && opened >= 0) onOpen(next.id);
  };

  return (
    <div ref={handOverFocus} className="relative flex min-h-0 flex-1 flex-col">
      <SignalBar
        signal={item.signal}
        isKnownShown={isKnownShown}
        onToggleKnown={onToggleKnown}
        onJudge={onJudge}
        isCovered={event !== undefined}
      >
        <span>{extent(item, events.length)}</span>
        {missing.length > 0 ? (
          <span className="text-high">{plural(missing.length, "event")} no longer stored</span>
        ) : null}
      </SignalBar>
      {query.isError ? <ProblemView error={query.error} onRetry={() => query.refetch()} /> : null}
      <EventList
        events={events}
        isLoading={query.isPending}
        isCovered={event !== undefined}
        onOpen={onOpen}
        onEnd={() => {
          if (query.hasNextPage && !query.isFetchingNextPage) void query.fetchNextPage();
        }}
      />
      {event === undefined ? null : (
        <div className="absolute inset-0 bg-surface">
          <EventView
            key={event}
            id={event}
            known={events[opened]}
            rule={item.signal.rule.id}
            onClose={onClose}
            onStep={openBy}
          />
        </div>
      )}
    </div>
  );
}

function extent({ signal }: NumberedSignal, loaded: number): string {
  const kept = signal.events.length;
  const text = `${formatCount(loaded)} of ${plural(signal.events_total, "event")} loaded`;
  return kept < signal.events_total
    ? `${text}; the first and last ${formatCount(kept)} are kept as evidence`
    : text;
}
