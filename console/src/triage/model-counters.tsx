import type { Model } from "@/api/types";
import { formatCount } from "@/lib/format";
import { driftedFeatures } from "./model-words";

const features_shown_max = 4;

/** What the models of a kind did, and what moved meanwhile. */
export function ModelCounters({ model }: { model: Model }) {
  const { counters, drift, shadow } = model;
  const drifted = driftedFeatures(model);
  return (
    <>
      <p className="tabular-nums">
        {formatCount(counters.judged)} judged, {formatCount(counters.unusual)} unusual,{" "}
        <strong className="font-semibold">{formatCount(counters.reported)} reported</strong>;{" "}
        {formatCount(counters.known)} known to be so, {formatCount(counters.over_limit)} beyond the day's
        limit.
      </p>
      <p className="text-dim tabular-nums">
        {formatCount(counters.learnt)} learnt from, {formatCount(counters.alerted)} not, because they were
        alerted.
        {shadow ? ` The shadow found ${formatCount(counters.shadow_unusual)} unusual.` : ""}
      </p>
      {typeof drift.mean_bits === "number" ? (
        <p className="text-dim tabular-nums">
          Surprise of the latest events: {drift.mean_bits.toFixed(2)} bits each.
        </p>
      ) : null}
      {drifted.length > 0 ? (
        <p className="text-dim">
          Moved most (stability index):{" "}
          <span className="font-mono">{drifted.slice(0, features_shown_max).join(", ")}</span>
        </p>
      ) : null}
    </>
  );
}
