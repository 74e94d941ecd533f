import { useState } from "react";
import type { ModelChange } from "@/api/types";
import { plural } from "@/lib/format";
import { MoreButton } from "@/ui/more-button";
import { Ago } from "@/ui/time";
import { VisibleText } from "@/ui/visible-text";
import { changeWords } from "./model-words";

const shown_max = 4;

/** The latest first. */
export function ModelHistory({ history }: { history: ModelChange[] }) {
  const [isAll, setAll] = useState(false);
  const latest = [...history].reverse();
  return (
    <>
      <ol className="flex flex-col gap-1">
        {latest.slice(0, isAll ? latest.length : shown_max).map((change, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a model may be activated twice within a moment
          <li key={index} className="flex gap-3">
            <span className="w-16 shrink-0 text-dim">
              <Ago time={change.at} />
            </span>
            <span className="min-w-0 flex-1 wrap-anywhere">
              <span className="font-mono">{change.version.slice(0, 8)}</span> {changeWords(change)}
            </span>
            <span className="max-w-24 truncate text-dim" title={change.by}>
              <VisibleText text={change.by} />
            </span>
          </li>
        ))}
      </ol>
      {latest.length > shown_max ? (
        <div>
          <MoreButton
            all={plural(latest.length, "change")}
            isAll={isAll}
            onToggle={() => setAll((was) => !was)}
          />
        </div>
      ) : null}
    </>
  );
}
