import { numberRanges } from "./signal-numbers";

interface SignalLinkProps {
  /** Ids; those that the page does not hold are left out. */
  signals: readonly string[];
  numbers: ReadonlyMap<string, number>;
  onSelect: (signal: string) => void;
}

/** `[1–3]`: on which signals something rests. It leads to the evidence of the first. */
export function SignalLink({ signals, numbers, onSelect }: SignalLinkProps) {
  const known = signals
    .flatMap((id) => {
      const number = numbers.get(id);
      return number === undefined ? [] : [{ id, number }];
    })
    .sort((a, b) => a.number - b.number);
  const [first] = known;
  if (first === undefined) return null;
  const ranges = numberRanges(known.map((each) => each.number));
  return (
    <button
      type="button"
      aria-label={`Signal ${ranges}`}
      title={`Rests on signal ${ranges}`}
      onClick={() => onSelect(first.id)}
      className="h-6 max-w-28 min-w-6 truncate rounded px-1 font-mono text-2xs text-accent-text hover:bg-hover"
    >
      [{ranges}]
    </button>
  );
}
