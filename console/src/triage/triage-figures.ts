import type { EntityRisk, ReliabilityBin, Suppression, SuppressionMatch } from "@/api/types";
import { humanise } from "@/lib/format";

/** The signals that an entity's reasons rest on, each once. */
export const signalsOf = (entity: Pick<EntityRisk, "reasons">) => [
  ...new Set(entity.reasons.flatMap((reason) => reason.signals)),
];

export const isOver = (suppression: Pick<Suppression, "expires">, now: number) =>
  Date.parse(suppression.expires) <= now;

/** Those in force first, of them the one that ends first; then those that are over, the last first. */
export function sortSuppressions(suppressions: readonly Suppression[], now: number): Suppression[] {
  const end = (each: Suppression) => Date.parse(each.expires);
  return [...suppressions].sort((a, b) => {
    const [isOverA, isOverB] = [isOver(a, now), isOver(b, now)];
    if (isOverA !== isOverB) return isOverA ? 1 : -1;
    return isOverA ? end(b) - end(a) : end(a) - end(b);
  });
}

/** What a suppression is about beside its rule and its entities. */
export function limitWords({ technique, severity_max }: SuppressionMatch): string[] {
  return [
    ...(technique ? [technique.includes(".") ? technique : `${technique} and below`] : []),
    ...(severity_max ? [`up to ${humanise(severity_max).toLowerCase()}`] : []),
  ];
}

/** A share as whole per cent; a dash where there is nothing to have a share of. */
export const shareText = (share: number, of: number) => (of === 0 ? "–" : `${Math.round(share * 100)} %`);

/** Where a bin lies in a square of `size`, from 0 at the top left; its area stands for how much is in it. */
export interface Dot {
  x: number;
  y: number;
  radius: number;
}

const radius_min = 2.5;
const radius_max = 9;

export function dotsOf(bins: readonly ReliabilityBin[], size: number): Dot[] {
  const most = Math.max(1, ...bins.map((bin) => bin.count));
  return bins.map((bin) => ({
    x: bin.predicted * size,
    y: (1 - bin.observed) * size,
    radius: Math.max(radius_min, radius_max * Math.sqrt(bin.count / most)),
  }));
}
