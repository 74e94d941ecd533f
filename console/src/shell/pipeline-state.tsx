import { Link } from "@tanstack/react-router";
import { useStream } from "@/api/stream";
import { cn } from "@/lib/cn";
import { formatCompact } from "@/lib/format";

const dots = { working: "bg-good", idle: "bg-faint", stalled: "bg-critical", off: "bg-high" };

const labels = { working: "Working", idle: "Idle", stalled: "Stalled", off: "Not live" };

/** Is the platform alive, at a glance: the live stream's word, or that there is none. */
export function PipelineState() {
  const pipeline = useStream((stream) => stream.pipeline);
  const connection = useStream((stream) => stream.connection);
  const isOpen = connection === "open";
  const state = isOpen ? (pipeline?.state ?? "idle") : "off";
  return (
    <Link
      to="/health"
      title="Pipeline state. Opens health."
      className="mr-2 hidden h-8 items-center whitespace-nowrap gap-2 rounded-md px-2 text-xs text-dim hover:bg-hover sm:flex"
    >
      <span className={cn("size-2 rounded-full", dots[state])} aria-hidden />
      {connection === "connecting" ? "Connecting" : labels[state]}
      {pipeline !== null && isOpen ? (
        <span className="hidden whitespace-nowrap text-faint tabular-nums lg:inline">
          {formatCompact(Math.round(pipeline.events_per_second))} ev/s
        </span>
      ) : null}
    </Link>
  );
}
