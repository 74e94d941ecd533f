import { ArrowUp } from "lucide-react";
import { useStream } from "@/api/stream";
import { unseen } from "@/api/stream-state";
import type { IncidentSummary } from "@/api/types";
import { formatCount } from "@/lib/format";
import type { QueueFilters } from "@/lib/url-state";
import { Kbd } from "@/ui/kbd";

interface NewIncidentsProps {
  incidents: IncidentSummary[];
  filters: QueueFilters;
  onShow: () => void;
}

/** Says that there is more instead of pushing it in: rows never move under the reader's eyes. */
export function NewIncidents({ incidents, filters, onShow }: NewIncidentsProps) {
  const pending = useStream((state) => state.pending);
  const isMissed = useStream((state) => state.missed);
  const count = unseen(pending, new Set(incidents.map((incident) => incident.id)), filters).length;
  const text = isMissed ? "The list may be out of date" : `${formatCount(count)} new`;
  return (
    <div aria-live="polite" className="shrink-0">
      {count > 0 || isMissed ? (
        <button
          type="button"
          onClick={onShow}
          className="flex h-9 w-full items-center justify-center gap-2 border-b border-line bg-selected text-sm font-medium text-text"
        >
          <ArrowUp size={14} aria-hidden />
          {text}, press <Kbd keys="n" />
        </button>
      ) : null}
    </div>
  );
}
