import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Navigate } from "@tanstack/react-router";
import { problemOf } from "@/api/client";
import { incidentQuery } from "@/api/queries";
import { Empty } from "@/ui/empty";
import { ProblemView } from "@/ui/problem";
import { SkeletonLines } from "@/ui/skeleton";
import { IncidentView } from "./incident-view";

const route = getRouteApi("/incidents/$id");

export function IncidentPage() {
  const { id } = route.useParams();
  const query = useQuery(incidentQuery(id));
  if (query.isPending) return <SkeletonLines lines={9} label="Loading the incident" />;
  // It became part of another incident, to which its id leads.
  if (query.data !== undefined && query.data.id !== id) {
    return <Navigate to="/incidents/$id" params={{ id: query.data.id }} replace />;
  }
  if (query.data !== undefined) return <IncidentView key={id} incident={query.data} />;
  if (problemOf(query.error).status === 404) {
    return (
      <Empty heading="h1" title="There is no such incident">
        <p>No incident has the id {id}. It may belong to another tenant.</p>
      </Empty>
    );
  }
  return <ProblemView error={query.error} onRetry={() => query.refetch()} />;
}
