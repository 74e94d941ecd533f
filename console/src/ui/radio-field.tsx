import { useId } from "react";

interface RadioFieldProps<T extends string> {
  legend: string;
  value: T | undefined;
  options: readonly { value: T; label: string; note?: string }[];
  onChange: (value: T) => void;
}

/** One of a few, all of them in sight. */
export function RadioField<T extends string>({ legend, value, options, onChange }: RadioFieldProps<T>) {
  const id = useId();
  return (
    <fieldset className="flex flex-col gap-0.5">
      <legend className="mb-1 text-xs font-medium text-dim">{legend}</legend>
      {options.map((option) => (
        <div key={option.value} className="flex min-h-6 items-start gap-2">
          <input
            type="radio"
            id={`${id}-${option.value}`}
            name={id}
            required
            checked={option.value === value}
            aria-describedby={option.note === undefined ? undefined : `${id}-${option.value}-note`}
            onChange={() => onChange(option.value)}
            className="mt-1 size-4 shrink-0 accent-accent"
          />
          <div className="min-w-0 py-0.5">
            <label htmlFor={`${id}-${option.value}`} className="block font-medium">
              {option.label}
            </label>
            {option.note === undefined ? null : (
              <p id={`${id}-${option.value}-note`} className="text-xs text-dim">
                {option.note}
              </p>
            )}
          </div>
        </div>
      ))}
    </fieldset>
  );
}
