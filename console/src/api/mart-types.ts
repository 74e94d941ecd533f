// What an administrator registers, and what is known of it.
import type { MartSummary } from "./types";

export const martKinds = ["string", "long", "real", "bool", "datetime", "dynamic"] as const;

/** A source field that the events of a mart are to have. */
export interface MartColumn {
  name: string;
  type: (typeof martKinds)[number];
}

export interface MartDefinition {
  name: string;
  description: string;
  /** A condition as after KQL's `where`. */
  filter: string;
  columns: MartColumn[];
  /** As the platform's setting says where null. */
  retention_days?: number | null;
  state: "active" | "removed" | "purged";
  since: string;
  version: number;
  changed_by: string;
}

export interface MartItem extends MartSummary {
  is_default: boolean;
  definition?: MartDefinition | null;
}

/** What of a mart can be written. */
export interface MartBody {
  description: string;
  filter: string;
  columns: MartColumn[];
  retention_days: number | null;
  by: string;
}
