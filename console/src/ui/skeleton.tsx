import { cn } from "@/lib/cn";

const Bar = ({ className }: { className: string }) => (
  <div className={cn("rounded motion-safe:animate-pulse bg-raised", className)} />
);

export function SkeletonRows({ rows, label }: { rows: number; label: string }) {
  return (
    <div role="status" aria-label={label} className="flex flex-col">
      {Array.from({ length: rows }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the rows are all the same and never move
        <div key={index} className="flex h-13 items-center gap-6 border-b border-line px-4">
          <Bar className="h-3 w-20" />
          <Bar className="h-3 w-24" />
          <Bar className="h-3 flex-1" />
          <Bar className="h-3 w-40" />
          <Bar className="h-3 w-16" />
        </div>
      ))}
    </div>
  );
}

export function SkeletonLines({ lines, label }: { lines: number; label: string }) {
  return (
    <div role="status" aria-label={label} className="flex flex-col gap-3 p-4">
      {Array.from({ length: lines }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the lines are all the same and never move
        <Bar key={index} className={index % 3 === 2 ? "h-3 w-2/3" : "h-3 w-full"} />
      ))}
    </div>
  );
}
