import { Button } from "@/ui/button";
import { Code, Empty } from "@/ui/empty";

export function RulesEmpty({ isFiltered, onClear }: { isFiltered: boolean; onClear: () => void }) {
  if (isFiltered) {
    return (
      <Empty title="No rule matches these filters">
        <p>Loosen a filter, or clear all of them.</p>
        <Button className="mt-4" onClick={onClear}>
          Clear filters
        </Button>
      </Empty>
    );
  }
  return (
    <Empty title="No rules are in force">
      <p>
        Nothing is detected. Check rule files with <Code>sentra rules check PATH</Code>; what is wrong with
        those that the server read stands under health.
      </p>
    </Empty>
  );
}
