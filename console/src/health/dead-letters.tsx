import { useInfiniteQuery } from "@tanstack/react-query";
import { deadLettersQuery } from "@/api/queries";
import type { DeadLetterItem, Status } from "@/api/types";
import { formatCount, humanise } from "@/lib/format";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Panel } from "@/ui/panel";
import { ProblemView } from "@/ui/problem";
import { SimpleTable } from "@/ui/simple-table";
import { Ago } from "@/ui/time";
import { VisibleText } from "@/ui/visible-text";

const excerpt_chars_max = 160;

/** Law LOSS: what could not be understood is counted by reason, and shown with its place in the source. */
export function DeadLetters({ counts }: { counts: Status["dead_letters"] }) {
  const query = useInfiniteQuery(deadLettersQuery);
  const letters = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Panel
      title="Dead letters"
      aside={counts.map(({ reason, count }) => (
        <Badge key={reason}>
          {humanise(reason)} <span className="text-text tabular-nums">{formatCount(count)}</span>
        </Badge>
      ))}
    >
      {query.isError ? <ProblemView error={query.error} onRetry={() => query.refetch()} /> : null}
      {query.isSuccess && letters.length === 0 ? (
        <p className="p-4 text-dim">None: every record that came in was understood.</p>
      ) : null}
      {letters.length > 0 ? (
        <SimpleTable
          label="Dead letters"
          columns={["Reason", "Detail", "Source and position", "Excerpt", "Received"]}
          rows={letters.map((letter) => ({ key: letter.id, cells: cellsOf(letter) }))}
        />
      ) : null}
      {query.hasNextPage ? (
        <div className="border-t border-line p-2 text-center">
          <Button size="small" onClick={() => query.fetchNextPage()}>
            Load more
          </Button>
        </div>
      ) : null}
    </Panel>
  );
}

function cellsOf(letter: DeadLetterItem) {
  return [
    <Badge key="reason">{humanise(letter.reason)}</Badge>,
    letter.detail,
    <span key="place" className="font-mono break-all">
      {letter.source.origin}:{letter.position}
    </span>,
    <code key="excerpt" className="font-mono break-all text-dim">
      <VisibleText text={letter.excerpt.slice(0, excerpt_chars_max)} />
    </code>,
    <Ago key="received" time={letter.received} />,
  ];
}
