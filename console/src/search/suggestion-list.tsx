import type { Suggestion } from "@/api/query-types";
import { cn } from "@/lib/cn";
import { VisibleText } from "@/ui/visible-text";

interface SuggestionListProps {
  id: string;
  isOpen: boolean;
  items: Suggestion[];
  active: number;
  onChoose: (index: number) => void;
}

/** The caret stays in the box: this list is looked at, and clicked, but never focused. */
export function SuggestionList({ id, isOpen, items, active, onChoose }: SuggestionListProps) {
  return (
    <div
      id={id}
      role="listbox"
      aria-label="Suggestions"
      hidden={!isOpen}
      className="absolute top-full left-0 z-40 mt-1 w-full max-w-2xl overflow-hidden rounded-lg border border-line-strong bg-surface p-1 shadow-overlay"
    >
      {items.map((item, index) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the box hears the keys
        <div
          key={`${item.kind} ${item.text}`}
          id={`${id}-${index}`}
          role="option"
          aria-selected={index === active}
          // A press would take the focus from the box, which closes the list before the click.
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => onChoose(index)}
          className={cn(
            "flex h-7 cursor-pointer items-center gap-3 rounded px-2 text-xs hover:bg-hover",
            index === active && "bg-selected",
          )}
        >
          <span className="w-16 shrink-0 text-2xs text-dim">{item.kind}</span>
          <code className="shrink-0 font-mono">
            <VisibleText text={item.text} />
          </code>
          <span className="truncate text-dim">{item.detail}</span>
        </div>
      ))}
    </div>
  );
}
