const technique_tag = /^attack\.(t\d{4}(?:\.\d{3})?)$/;
const tactic_tag = /^attack\.([a-z][a-z_-]+)$/;

const unique = (names: string[]) => [...new Set(names)];

const part = (tags: readonly string[], pattern: RegExp) =>
  unique(tags.flatMap((tag) => pattern.exec(tag.toLowerCase())?.[1] ?? []));

/** `attack.t1110.001` → `T1110.001` */
export const techniquesOf = (tags: readonly string[]) =>
  part(tags, technique_tag).map((id) => id.toUpperCase());

/** `attack.credential_access` → `credential-access` */
export const tacticsOf = (tags: readonly string[]) =>
  unique(part(tags, tactic_tag).map((name) => name.replace(/_/g, "-")));
