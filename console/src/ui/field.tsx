import { type ComponentProps, type ReactNode, useId } from "react";
import { cn } from "@/lib/cn";

export const inputClass =
  "h-8 w-full rounded-md border border-line-strong bg-canvas px-2.5 text-sm placeholder:text-faint";

interface FieldProps extends Omit<ComponentProps<"input">, "onChange"> {
  label: string;
  /** A word of help below the field. */
  note?: ReactNode;
  onText: (text: string) => void;
}

export function Field({ label, note, onText, className, ...rest }: FieldProps) {
  const id = useId();
  return (
    <div className={cn("flex flex-col gap-1", className)}>
      <label htmlFor={id} className="text-xs font-medium text-dim">
        {label}
      </label>
      <input
        id={id}
        aria-describedby={note === undefined ? undefined : `${id}-note`}
        autoComplete="off"
        className={inputClass}
        onChange={(event) => onText(event.target.value)}
        {...rest}
      />
      {note === undefined ? null : (
        <p id={`${id}-note`} className="text-2xs text-dim">
          {note}
        </p>
      )}
    </div>
  );
}
