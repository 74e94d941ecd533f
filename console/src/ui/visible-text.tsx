import { Fragment } from "react";
import { visibleParts } from "@/lib/visible";

/** Hostile text as text: control and direction characters are drawn as marks, nothing is interpreted. */
export function VisibleText({ text }: { text: string }) {
  let offset = 0;
  return visibleParts(text).map((part) => {
    const key = offset;
    offset += part.text.length;
    if (part.code === undefined) return <Fragment key={key}>{part.text}</Fragment>;
    return (
      <Fragment key={key}>
        <span title={part.code} className="rounded-xs bg-mark px-px text-text">
          {part.text}
        </span>
        {part.code === "U+000A" ? "\n" : ""}
      </Fragment>
    );
  });
}
