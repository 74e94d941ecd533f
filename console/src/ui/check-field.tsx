import { type ReactNode, useId } from "react";

interface CheckFieldProps {
  label: ReactNode;
  isChecked: boolean;
  onChange: (isChecked: boolean) => void;
}

export function CheckField({ label, isChecked, onChange }: CheckFieldProps) {
  const id = useId();
  return (
    <div className="flex min-h-6 items-center gap-2">
      <input
        type="checkbox"
        id={id}
        checked={isChecked}
        onChange={(event) => onChange(event.target.checked)}
        className="size-4 shrink-0 accent-accent"
      />
      <label htmlFor={id} className="flex min-w-0 items-center gap-2">
        {label}
      </label>
    </div>
  );
}
