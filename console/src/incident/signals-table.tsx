import type { KeyboardEvent } from "react";
import { cn } from "@/lib/cn";
import { formatCount } from "@/lib/format";
import { useList } from "@/lib/use-list";
import { Kbd } from "@/ui/kbd";
import { Panel } from "@/ui/panel";
import type { NumberedSignal } from "./signal-numbers";
import { SignalHeader, SignalRow, signal_row_height } from "./signal-row";
import { SignalsDecisions } from "./signals-decisions";
import { useChosen } from "./use-chosen";

const rows_shown_max = 8;

interface SignalsTableProps {
  incident: string;
  numbered: NumberedSignal[];
  cited: ReadonlySet<string>;
  selected: string | undefined;
  onSelect: (signal: string) => void;
}

export function SignalsTable({ incident, numbered, cited, selected, onSelect }: SignalsTableProps) {
  const list = useList({ count: numbered.length, row_height: signal_row_height });
  const chosen = useChosen(numbered.map((item) => item.signal.id));
  const isScrolling = numbered.length > rows_shown_max;
  const height = Math.min(numbered.length, rows_shown_max) * signal_row_height;
  const onKeyDown = (event: KeyboardEvent) => {
    const active = numbered[list.active];
    if (event.key !== "x" || event.ctrlKey || event.metaKey || active === undefined) {
      return list.onKeyDown(event);
    }
    event.preventDefault();
    chosen.toggle(active.signal.id);
  };
  return (
    <Panel
      title="Signals"
      aside={
        <>
          <Kbd keys="x" /> choose
          <span className="ml-2">{formatCount(numbered.length)}</span>
        </>
      }
    >
      <SignalsDecisions
        incident={incident}
        chosen={chosen.ids}
        count={numbered.length}
        onClear={chosen.clear}
        onEmpty={() => list.focusRow(list.active)}
      />
      <div role="table" aria-label="Signals" aria-rowcount={numbered.length + 1}>
        <SignalHeader isScrolling={isScrolling} />
        <div
          ref={list.container}
          role="rowgroup"
          onKeyDown={onKeyDown}
          style={{ height }}
          className={cn("overflow-auto rounded-b-lg", isScrolling && "[scrollbar-gutter:stable]")}
        >
          <div className="relative" style={{ height: list.virtualizer.getTotalSize() }}>
            {list.virtualizer.getVirtualItems().map((row) => {
              const item = numbered[row.index];
              if (item === undefined) return null;
              const { id } = item.signal;
              return (
                <SignalRow
                  key={id}
                  item={item}
                  index={row.index}
                  top={row.start}
                  isActive={row.index === list.active}
                  isCited={cited.has(id)}
                  isSelected={id === selected}
                  isChosen={chosen.ids.includes(id)}
                  onChoose={() => chosen.toggle(id)}
                  onFocus={() => list.setActive(row.index)}
                  onSelect={() => onSelect(id)}
                />
              );
            })}
          </div>
        </div>
      </div>
    </Panel>
  );
}
