import type { RulesView } from "@/lib/url-state";
import type { useList } from "@/lib/use-list";
import type { ListedRule, TuningIndex } from "./rule-list";
import { RuleHeader, RuleRow } from "./rule-row";

interface RuleTableProps {
  shown: ListedRule[];
  view: RulesView;
  list: ReturnType<typeof useList>;
  tuning: TuningIndex;
  onSort: (sort: RulesView["sort"]) => void;
}

export function RuleTable({ shown, view, list, tuning, onSort }: RuleTableProps) {
  return (
    <div
      role="table"
      aria-label="Rules"
      aria-rowcount={shown.length + 1}
      className="@container flex min-h-0 flex-1 flex-col"
    >
      <RuleHeader sort={view.sort} onSort={onSort} />
      <div
        ref={list.container}
        role="rowgroup"
        onKeyDown={list.onKeyDown}
        className="min-h-0 flex-1 overflow-auto bg-surface [scrollbar-gutter:stable]"
      >
        <div className="relative" style={{ height: list.virtualizer.getTotalSize() }}>
          {list.virtualizer.getVirtualItems().map((row) => {
            const listed = shown[row.index];
            if (listed === undefined) return null;
            return (
              <RuleRow
                key={listed.rule.id}
                listed={listed}
                view={view}
                index={row.index}
                top={row.start}
                isActive={row.index === list.active}
                isDisabled={tuning.disabled.has(listed.rule.id)}
                isExcepted={tuning.isExcepted(listed.rule)}
                onFocus={() => list.setActive(row.index)}
              />
            );
          })}
        </div>
      </div>
    </div>
  );
}
