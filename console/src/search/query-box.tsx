import { Play } from "lucide-react";
import { type KeyboardEvent, type RefObject, useState } from "react";
import { Button } from "@/ui/button";
import { Kbd } from "@/ui/kbd";

const rows_max = 8;

interface QueryBoxProps {
  text: string;
  box: RefObject<HTMLTextAreaElement | null>;
  isRunning: boolean;
  onRun: (text: string) => void;
}

export function QueryBox({ text, box, isRunning, onRun }: QueryBoxProps) {
  const [draft, setDraft] = useState(text);
  const [shown, setShown] = useState(text);
  // The address changed, by the back button or an example: the box follows it.
  if (shown !== text) {
    setShown(text);
    setDraft(text);
  }

  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key === "Escape") event.currentTarget.blur();
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    onRun(draft.trim());
  };

  return (
    <form
      className="flex shrink-0 items-start gap-2 border-b border-line bg-surface p-4"
      onSubmit={(event) => {
        event.preventDefault();
        onRun(draft.trim());
      }}
    >
      <div className="relative min-w-0 flex-1">
        <textarea
          ref={box}
          aria-label="Query"
          aria-describedby="query-keys"
          rows={Math.min(rows_max, draft.split("\n").length)}
          spellCheck={false}
          autoComplete="off"
          placeholder='linux | where user == "root" | take 10'
          className="block w-full resize-none rounded-md border border-line-strong bg-canvas px-3 py-[7px] font-mono text-sm leading-5 placeholder:text-faint"
          value={draft}
          onChange={(event) => setDraft(event.target.value)}
          onKeyDown={onKeyDown}
        />
        <p id="query-keys" className="sr-only">
          Enter runs the query, Shift and Enter begin a new line.
        </p>
      </div>
      <Button variant="primary" type="submit" className="h-9" aria-busy={isRunning}>
        <Play size={13} aria-hidden />
        Run
      </Button>
      <span className="hidden h-9 items-center gap-1 text-xs text-dim xl:flex">
        <Kbd keys="Enter" />
      </span>
    </form>
  );
}
