import { Play, Square } from "lucide-react";
import { type KeyboardEvent, type RefObject, useId, useState } from "react";
import { Button } from "@/ui/button";
import { Kbd } from "@/ui/kbd";
import { QueryHint } from "./query-hint";
import { replaced } from "./query-place";
import { SuggestionList } from "./suggestion-list";
import { useCompletion } from "./use-completion";

const rows_max = 8;

interface QueryBoxProps {
  text: string;
  box: RefObject<HTMLTextAreaElement | null>;
  isRunning: boolean;
  onRun: (text: string) => void;
  onStop: () => void;
}

/** The question, with what may stand at its caret and what is wrong with it while it is written. */
export function QueryBox({ text, box, isRunning, onRun, onStop }: QueryBoxProps) {
  const [draft, setDraft] = useState(text);
  const [shown, setShown] = useState(text);
  const [caret, setCaret] = useState<number | null>(null);
  const list_id = useId();
  const completion = useCompletion(draft, caret);
  // The address changed, by the back button or an example: the box follows it.
  if (shown !== text) {
    setShown(text);
    setDraft(text);
    setCaret(null);
  }

  const run = () => {
    setCaret(null);
    onRun(draft.trim());
  };

  const put = (next: { text: string; caret: number }) => {
    setDraft(next.text);
    setCaret(next.caret);
    // After React has written the text: the caret would go to its end.
    requestAnimationFrame(() => box.current?.setSelectionRange(next.caret, next.caret));
  };

  const accept = (index: number) => {
    const item = completion.items[index];
    if (item === undefined || completion.replaces === null) return;
    put(replaced(draft, completion.replaces.from, completion.replaces.to, item.text));
    box.current?.focus();
  };

  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.nativeEvent.isComposing) return;
    if (completion.isOpen) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step !== undefined) {
        event.preventDefault();
        return completion.move(step);
      }
      if (event.key === "Tab" || (event.key === "Enter" && completion.isChosen)) {
        event.preventDefault();
        return accept(completion.active);
      }
      if (event.key === "Escape") {
        event.preventDefault();
        return completion.close();
      }
    }
    if (event.key === "Escape") event.currentTarget.blur();
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    run();
  };

  return (
    <form
      className="flex shrink-0 items-start gap-2 border-b border-line bg-surface p-4"
      onSubmit={(event) => {
        event.preventDefault();
        run();
      }}
    >
      <div className="relative min-w-0 flex-1">
        <textarea
          ref={box}
          aria-label="Query"
          aria-describedby="query-keys"
          aria-autocomplete="list"
          aria-controls={list_id}
          aria-activedescendant={completion.isOpen ? `${list_id}-${completion.active}` : undefined}
          rows={Math.min(rows_max, draft.split("\n").length)}
          spellCheck={false}
          autoComplete="off"
          placeholder='failed logins from 203.0.113.9 yesterday, user:root, linux | where user == "root"'
          className="block w-full resize-none rounded-md border border-line-strong bg-canvas px-3 py-[7px] font-mono text-sm leading-5 placeholder:text-faint"
          value={draft}
          onChange={(event) => {
            setDraft(event.target.value);
            setCaret(event.target.selectionStart);
          }}
          onBlur={() => completion.close()}
          onKeyDown={onKeyDown}
        />
        <p id="query-keys" className="sr-only">
          Enter runs the query, Shift and Enter begin a new line. Arrow keys and Tab choose a suggestion.
        </p>
        <SuggestionList
          id={list_id}
          isOpen={completion.isOpen}
          items={completion.items}
          active={completion.active}
          onChoose={accept}
        />
        <QueryHint
          draft={draft}
          problems={caret === null ? [] : completion.problems}
          isAsked={draft.trim() === text}
          onFix={(problem, word) => put(replaced(draft, problem.from, problem.to, word))}
          onRun={onRun}
        />
      </div>
      {isRunning ? (
        <Button className="h-9" onClick={onStop}>
          <Square size={12} aria-hidden />
          Stop
        </Button>
      ) : (
        <Button variant="primary" type="submit" className="h-9">
          <Play size={13} aria-hidden />
          Run
        </Button>
      )}
      <span className="hidden h-9 items-center gap-1 text-xs text-dim xl:flex">
        <Kbd keys="Enter" />
      </span>
    </form>
  );
}
