import { Pin } from "lucide-react";
import type { MouseEvent } from "react";
import type { Sentence } from "@/api/types";
import { cn } from "@/lib/cn";
import { Kbd } from "@/ui/kbd";
import { Panel } from "@/ui/panel";
import { numberRanges } from "./signal-numbers";
import type { StoryFocus } from "./use-story-focus";

const roles: Record<Sentence["role"], string> = {
  headline: "In short",
  event: "What happened",
  outcome: "Outcome",
  assessment: "Assessment",
  gap: "Not known",
};

const sentenceId = (index: number) => `sentence-${index}`;

export function focusSentence(index: number) {
  document.getElementById(sentenceId(index))?.focus();
}

interface StoryProps {
  sentences: Sentence[];
  numbers: ReadonlyMap<string, number>;
  focus: StoryFocus;
  onOpenEvidence: () => void;
}

export function Story({ sentences, numbers, focus, onOpenEvidence }: StoryProps) {
  const activate = (event: MouseEvent, index: number) => {
    // A click by keyboard has no count: Enter goes on to the evidence, the pointer stays with the story.
    if (event.detail !== 0) return focus.togglePin(index);
    focus.pin(index);
    return onOpenEvidence();
  };

  return (
    <Panel
      title="Story"
      aside={
        <>
          <Kbd keys="j" />
          <Kbd keys="k" /> read <Kbd keys="Enter" /> evidence
        </>
      }
    >
      <ol className="flex flex-col p-2" onMouseLeave={() => focus.hover(null)}>
        {sentences.map((sentence, index) => {
          const isRepeated = sentences[index - 1]?.role === sentence.role;
          const isPinned = focus.pinned === index;
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: two sentences may read alike, and their order is the story
            <li key={`${index} ${sentence.text}`} className="flex">
              <span className="w-28 shrink-0 pt-1.5 pl-2 text-xs font-medium text-faint">
                {isRepeated ? "" : roles[sentence.role]}
              </span>
              <button
                type="button"
                id={sentenceId(index)}
                aria-pressed={isPinned}
                aria-current={focus.shown === index}
                tabIndex={focus.current === index ? 0 : -1}
                onMouseEnter={() => focus.hover(index)}
                onFocus={() => focus.stand(index)}
                onClick={(event) => activate(event, index)}
                className={cn(
                  "flex flex-1 items-start gap-3 rounded-md border-l-2 px-3 py-1 text-left text-base",
                  focus.shown === index ? "border-accent bg-selected" : "border-transparent hover:bg-hover",
                  sentence.role === "headline" && "font-medium",
                )}
              >
                <span className="flex-1 text-pretty">{sentence.text}</span>
                <Cites numbers={sentence.signals.flatMap((id) => numbers.get(id) ?? [])} />
                <Pin size={12} aria-hidden className={cn("mt-1.5 shrink-0", !isPinned && "invisible")} />
              </button>
            </li>
          );
        })}
      </ol>
    </Panel>
  );
}

const Cites = ({ numbers }: { numbers: number[] }) => (
  <span
    className="mt-1 max-w-24 shrink-0 truncate font-mono text-2xs text-accent-text"
    title={`Rests on signal ${numberRanges(numbers)}`}
  >
    [{numberRanges(numbers)}]
  </span>
);
