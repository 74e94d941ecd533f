import { type MartColumn, type MartDefinition, martKinds } from "@/api/mart-types";

/** A mart as it stands in the form: all of it text. */
export interface MartDraft {
  name: string;
  description: string;
  filter: string;
  /** `name type` pairs, with commas between them. */
  columns: string;
  days: string;
}

export const draftOf = (mart: MartDefinition | undefined): MartDraft => ({
  name: mart?.name ?? "",
  description: mart?.description ?? "",
  filter: mart?.filter ?? "",
  columns: mart?.columns?.map((column) => `${column.name} ${column.type}`).join(", ") ?? "",
  days: mart?.retention_days?.toString() ?? "",
});

const name_form = /^[a-z0-9][a-z0-9_-]{0,62}$/;
const days_form = /^[1-9]\d{0,4}$/;

/** What is still missing or wrong, in words; undefined when the server may be asked. */
export function missingIn(draft: MartDraft): string | undefined {
  if (!name_form.test(draft.name)) return "A name has 1 to 63 of a-z, 0-9, - and _.";
  if (draft.filter.trim() === "") return "Say which events go into it.";
  if (draft.days !== "" && !days_form.test(draft.days)) return "Days are a whole number from 1.";
  const columns = columnsOf(draft.columns);
  return typeof columns === "string" ? columns : undefined;
}

/** The fields that are promised, or what is wrong with them. */
export function columnsOf(text: string): MartColumn[] | string {
  const columns: MartColumn[] = [];
  for (const part of text.split(",").map((each) => each.trim())) {
    if (part === "") continue;
    const cut = part.lastIndexOf(" ");
    const name = cut < 0 ? part : part.slice(0, cut).trim();
    const type = cut < 0 ? "string" : martKinds.find((kind) => kind === part.slice(cut + 1));
    if (type === undefined) return `${part.slice(cut + 1)} is no kind: one of ${martKinds.join(", ")}.`;
    columns.push({ name, type });
  }
  return columns;
}
