import { Button } from "@/ui/button";
import { Code, Empty } from "@/ui/empty";

export function QueueEmpty({ isFiltered, onClear }: { isFiltered: boolean; onClear: () => void }) {
  if (isFiltered) {
    return (
      <Empty title="No incident matches these filters">
        <p>Loosen a filter, or clear all of them.</p>
        <Button className="mt-4" onClick={onClear}>
          Clear filters
        </Button>
      </Empty>
    );
  }
  return (
    <Empty title="No incidents yet">
      <p>
        Incidents appear here by themselves as soon as events give rise to them. Send Sentra a log file with{" "}
        <Code>sentra ingest FILE</Code>, or point syslog at its listeners, which are listed under health.
      </p>
    </Empty>
  );
}
