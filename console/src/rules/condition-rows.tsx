import { Plus, X } from "lucide-react";
import { useRef } from "react";
import { Button } from "@/ui/button";
import { inputClass } from "@/ui/field";
import { type ConditionRow, type How, hows, howWords } from "./condition";

const rows_shown_max = 5;

interface ConditionRowsProps {
  rows: ConditionRow[];
  onChange: (rows: ConditionRow[]) => void;
}

/** Which events are meant: every row must hold, of the values of a row any. */
export function ConditionRows({ rows, onChange }: ConditionRowsProps) {
  const box = useRef<HTMLFieldSetElement>(null);
  const edit = (key: number, change: Partial<ConditionRow>) =>
    onChange(rows.map((row) => (row.key === key ? { ...row, ...change } : row)));
  const add = () => {
    const key = Math.max(-1, ...rows.map((row) => row.key)) + 1;
    onChange([...rows, { key, field: "", how: "is", values: "" }]);
    setTimeout(() => box.current?.querySelector<HTMLElement>(`[data-field="${key}"]`)?.focus());
  };
  return (
    <fieldset ref={box} className="flex flex-col gap-2">
      <legend className="mb-1 text-xs font-medium text-dim">Events to hide: all of these hold</legend>
      {rows.map((row, index) => (
        <div key={row.key} className="flex flex-wrap items-start gap-2 sm:flex-nowrap">
          <input
            aria-label={`Field ${index + 1}`}
            data-field={row.key}
            placeholder="Field, as in the event"
            autoComplete="off"
            spellCheck={false}
            className={`${inputClass} font-mono sm:w-44`}
            value={row.field}
            onChange={(event) => edit(row.key, { field: event.target.value })}
          />
          <select
            aria-label={`How field ${index + 1} is compared`}
            className={`${inputClass} sm:w-40`}
            value={row.how}
            onChange={(event) => edit(row.key, { how: event.target.value as How })}
          >
            {hows.map((how) => (
              <option key={how} value={how}>
                {howWords[how]}
              </option>
            ))}
          </select>
          <textarea
            aria-label={`Values of field ${index + 1}, one a line`}
            placeholder="Value; one a line, any may hold"
            spellCheck={false}
            rows={Math.min(rows_shown_max, row.values.split("\n").length)}
            className="min-h-8 w-full min-w-0 flex-1 resize-none rounded-md border border-line-strong bg-canvas px-2.5 py-[5px] font-mono text-sm placeholder:text-faint"
            value={row.values}
            onChange={(event) => edit(row.key, { values: event.target.value })}
          />
          <Button
            variant="ghost"
            size="icon"
            aria-label={`Take field ${index + 1} away`}
            disabled={rows.length === 1}
            onClick={() => onChange(rows.filter((other) => other.key !== row.key))}
          >
            <X size={14} aria-hidden />
          </Button>
        </div>
      ))}
      <div className="flex items-center gap-3">
        <Button size="small" onClick={add}>
          <Plus size={12} aria-hidden />
          Add a field
        </Button>
        <span className="text-2xs text-dim">In values, * stands for any text and ? for one character.</span>
      </div>
    </fieldset>
  );
}
