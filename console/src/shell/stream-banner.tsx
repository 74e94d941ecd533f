import { WifiOff } from "lucide-react";
import { reconnectStream, useStream } from "@/api/stream";
import { formatTime } from "@/lib/format";
import { useSignedOut } from "@/lib/session";
import { Button } from "@/ui/button";

export function StreamBanner() {
  const retryAt = useStream((state) => (state.connection === "lost" ? state.retry_at : null));
  const isSignedOut = useSignedOut();
  if (retryAt === null || isSignedOut) return null;
  return (
    <div
      role="status"
      className="flex items-center justify-center gap-3 border-b border-line bg-mark px-4 py-1.5 text-sm text-text"
    >
      <WifiOff size={14} aria-hidden />
      Live updates are interrupted; what you see may be out of date. Next try at{" "}
      {formatTime(new Date(retryAt).toISOString().replace(/\.\d+/, "")).slice(11)} UTC.
      <Button size="small" onClick={reconnectStream}>
        Reconnect now
      </Button>
    </div>
  );
}
