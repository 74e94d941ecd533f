import type { Estimate } from "@/api/types";
import { describeRisk, percent } from "@/lib/format";

/** The number, and a bar on which the 90 % interval is drawn around it: a wide band is an unsure machine. */
export function Risk({ risk, width = 64 }: { risk: Estimate; width?: number }) {
  const at = (value: number) => Math.round(value * width * 10) / 10;
  const score = at(risk.score);
  const low = at(risk.low);
  const high = Math.max(at(risk.high), low + 2);
  return (
    <span
      role="img"
      aria-label={`Risk ${describeRisk(risk)}`}
      title={describeRisk(risk)}
      className="inline-flex items-center gap-2"
    >
      <span className="w-6 text-right text-sm font-semibold tabular-nums">{percent(risk.score)}</span>
      <svg width={width} height={12} viewBox={`0 0 ${width} 12`} aria-hidden className="shrink-0">
        <rect x={0} y={5} width={width} height={2} rx={1} className="fill-line-strong" />
        <rect x={low} y={2.5} width={high - low} height={7} rx={3.5} className="fill-accent" opacity={0.35} />
        <rect
          x={Math.min(Math.max(score - 1, 0), width - 2)}
          y={0}
          width={2.5}
          height={12}
          rx={1}
          className="fill-accent-text"
        />
      </svg>
    </span>
  );
}
