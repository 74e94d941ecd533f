import { showKeys } from "@/lib/keys";

const isApple = /Mac|iP(hone|ad)/.test(navigator.platform);

export function Kbd({ keys }: { keys: string }) {
  return (
    <span className="inline-flex items-center gap-0.5">
      {showKeys(keys, isApple).map((key) => (
        <kbd
          key={key}
          className="inline-flex h-[18px] min-w-[18px] items-center justify-center rounded border border-line-strong bg-raised px-1 font-sans text-[10px] font-medium text-dim"
        >
          {key}
        </kbd>
      ))}
    </span>
  );
}
