import { useQuery } from "@tanstack/react-query";
import { modelsQuery } from "@/api/queries";
import { Panel } from "@/ui/panel";
import { ProblemNote } from "@/ui/problem-note";
import { SkeletonLines } from "@/ui/skeleton";
import { ModelView } from "./model-view";

/** What the platform learnt by itself; that it cannot be asked leaves the rest of the page as it is. */
export function Models() {
  const query = useQuery(modelsQuery);
  if (query.data === undefined) {
    return (
      <Panel title="Models">
        {query.isPending ? (
          <SkeletonLines lines={4} label="Loading models" />
        ) : (
          <div className="p-4">
            <ProblemNote error={query.error} />
          </div>
        )}
      </Panel>
    );
  }
  return (
    <section aria-label="Models" className="flex flex-col gap-4">
      <h2 className="sr-only">Models</h2>
      {query.data.models.length === 0 ? <p className="text-dim">No models are kept here.</p> : null}
      {query.data.models.map((model) => (
        <ModelView key={model.kind} model={model} />
      ))}
    </section>
  );
}
