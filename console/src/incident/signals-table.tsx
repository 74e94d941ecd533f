import { cn } from "@/lib/cn";
import { formatCount } from "@/lib/format";
import { useList } from "@/lib/use-list";
import { Panel } from "@/ui/panel";
import type { NumberedSignal } from "./signal-numbers";
import { SignalHeader, SignalRow, signal_row_height } from "./signal-row";

const rows_shown_max = 8;

interface SignalsTableProps {
  numbered: NumberedSignal[];
  cited: ReadonlySet<string>;
  selected: string | undefined;
  onSelect: (signal: string) => void;
}

export function SignalsTable({ numbered, cited, selected, onSelect }: SignalsTableProps) {
  const list = useList({ count: numbered.length, row_height: signal_row_height });
  const isScrolling = numbered.length > rows_shown_max;
  const height = Math.min(numbered.length, rows_shown_max) * signal_row_height;
  return (
    <Panel title="Signals" aside={formatCount(numbered.length)}>
      <div role="table" aria-label="Signals" aria-rowcount={numbered.length + 1}>
        <SignalHeader isScrolling={isScrolling} />
        <div
          ref={list.container}
          role="rowgroup"
          onKeyDown={list.onKeyDown}
          style={{ height }}
          className={cn("overflow-auto rounded-b-lg", isScrolling && "[scrollbar-gutter:stable]")}
        >
          <div className="relative" style={{ height: list.virtualizer.getTotalSize() }}>
            {list.virtualizer.getVirtualItems().map((row) => {
              const item = numbered[row.index];
              if (item === undefined) return null;
              return (
                <SignalRow
                  key={item.signal.id}
                  item={item}
                  index={row.index}
                  top={row.start}
                  isActive={row.index === list.active}
                  isCited={cited.has(item.signal.id)}
                  isSelected={item.signal.id === selected}
                  onFocus={() => list.setActive(row.index)}
                  onSelect={() => onSelect(item.signal.id)}
                />
              );
            })}
          </div>
        </div>
      </div>
    </Panel>
  );
}
