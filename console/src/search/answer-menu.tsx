import { useMutation } from "@tanstack/react-query";
import { ChevronDown } from "lucide-react";
import { DropdownMenu as Radix } from "radix-ui";
import { useState } from "react";
import { apiGet, problemOf } from "@/api/client";
import {
  type ExportFormat,
  exportAnswer,
  exportFormats,
  lineagePath,
  overrideDecision,
} from "@/api/query-queries";
import type { FullAnswer } from "@/api/query-types";
import { sentence } from "@/lib/format";
import { saveBlob, saveJson } from "@/lib/save";
import { itemClass, menuClass } from "@/ui/dropdown";

const format_names: Record<ExportFormat, string> = { csv: "CSV", ndjson: "NDJSON", parquet: "Parquet" };
const engines = ["exact", "analytical", "similarity"] as const;

interface AnswerMenuProps {
  answer: FullAnswer;
  text: string;
  onEngine: (engine: string) => void;
}

/** The whole answer as a file, where it came from, and another engine for it. */
export function AnswerMenu({ answer, text, onEngine }: AnswerMenuProps) {
  const [failure, setFailure] = useState<string | null>(null);
  const work = useMutation({
    mutationFn: (job: () => Promise<void>) => job(),
    onMutate: () => setFailure(null),
    onError: (error) => setFailure(sentence(problemOf(error).detail)),
  });
  const id = answer.decision_id;
  const save = (format: ExportFormat) =>
    work.mutate(async () => saveBlob(`answer.${format}`, await exportAnswer(text, format)));
  const saveLineage = (decision: string) =>
    work.mutate(async () => saveJson("lineage.json", await apiGet(lineagePath(decision))));
  const askAnother = (engine: string) => {
    // That somebody knew better is kept, for whoever improves the rules.
    if (id) work.mutate(async () => void (await overrideDecision(id, engine)));
    onEngine(engine);
  };
  return (
    <>
      {work.isPending ? <span role="status">Getting it…</span> : null}
      {failure === null ? null : (
        <span role="alert" className="text-high">
          {failure}
        </span>
      )}
      <Radix.Root modal={false}>
        <Radix.Trigger className="inline-flex h-7 items-center gap-1.5 rounded-md border border-line-strong bg-surface px-2 text-xs text-text hover:bg-hover">
          Answer
          <ChevronDown size={13} aria-hidden />
        </Radix.Trigger>
        <Radix.Portal>
          <Radix.Content align="end" sideOffset={4} className={menuClass}>
            {exportFormats.map((format) => (
              <Radix.Item key={format} className={itemClass} onSelect={() => save(format)}>
                Save as {format_names[format]}
              </Radix.Item>
            ))}
            {id ? (
              <Radix.Item className={itemClass} onSelect={() => saveLineage(id)}>
                Save where it came from
              </Radix.Item>
            ) : null}
            <Radix.Separator className="my-1 h-px bg-line" />
            {engines
              .filter((engine) => engine !== answer.route.intent)
              .map((engine) => (
                <Radix.Item key={engine} className={itemClass} onSelect={() => askAnother(engine)}>
                  Ask as {engine} instead
                </Radix.Item>
              ))}
          </Radix.Content>
        </Radix.Portal>
      </Radix.Root>
    </>
  );
}
