// What an administrator registers, and what is known of it.
import type { components } from "./schema";

type Schemas = components["schemas"];

/** A source field that the events of a mart are to have. */
export type MartColumn = Schemas["MartColumn"];
export type MartDefinition = Schemas["MartDefinition"];
export type MartItem = Schemas["MartItem"];
export type MartsAnswer = Schemas["MartsAnswer"];
export type RollupItem = Schemas["RollupItem"];
export type RollupsAnswer = Schemas["RollupsAnswer"];

export const martKinds: readonly MartColumn["type"][] = [
  "string",
  "long",
  "real",
  "bool",
  "datetime",
  "dynamic",
];

/** What of a mart can be written. */
export type MartBody = Required<Omit<Schemas["MartBody"], "name">>;
