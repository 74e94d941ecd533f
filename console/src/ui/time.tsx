import { useNow } from "@/lib/clock";
import { formatAgo, formatTime } from "@/lib/format";

export function Ago({ time }: { time: string }) {
  const now = useNow();
  return (
    <time dateTime={time} title={`${formatTime(time)} UTC`} className="whitespace-nowrap tabular-nums">
      {formatAgo(time, now)}
    </time>
  );
}

export function Moment({ time, fraction = false }: { time: string; fraction?: boolean }) {
  return (
    <time dateTime={time} title={`${formatTime(time, true)} UTC`} className="whitespace-nowrap tabular-nums">
      {formatTime(time, fraction)}
    </time>
  );
}
