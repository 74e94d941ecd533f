import type { ReactNode } from "react";
import type { Feedback, ReliabilityBin } from "@/api/types";
import { formatCount, plural } from "@/lib/format";
import { Panel } from "@/ui/panel";
import { SimpleTable } from "@/ui/simple-table";
import { dotsOf, shareText } from "./triage-figures";

/** How far people and platform agree. */
export function Agreement({ feedback }: { feedback: Feedback | undefined }) {
  if (feedback === undefined || feedback.incidents_opened + feedback.verdicts === 0) {
    return (
      <Panel title="People and platform">
        <p className="p-4 text-dim">Nothing to compare yet: it takes incidents, and verdicts on them.</p>
      </Panel>
    );
  }
  const { reliability } = feedback;
  return (
    <Panel
      title="People and platform"
      aside={
        feedback.calibrated ? "risks are corrected by verdicts" : "too few verdicts to correct the risks by"
      }
    >
      <div className="grid gap-x-8 gap-y-4 p-4 lg:grid-cols-[minmax(0,1fr)_auto_minmax(0,1.1fr)]">
        <Figures feedback={feedback} />
        {reliability.bins.length === 0 ? (
          <p className="text-xs text-dim lg:col-span-2">
            Whether risks come true is shown once incidents have verdicts.
          </p>
        ) : (
          <>
            <Chart bins={reliability.bins} />
            <div className="min-w-0">
              <Bins bins={reliability.bins} />
              <p className="px-4 pt-2 text-xs text-dim tabular-nums">
                {plural(reliability.count, "risk")} with an outcome, {formatCount(reliability.malicious)}{" "}
                malicious. Calibration error {reliability.ece.toFixed(3)}, Brier score{" "}
                {reliability.brier.toFixed(3)}.
              </p>
            </div>
          </>
        )}
      </div>
    </Panel>
  );
}

function Figures({ feedback }: { feedback: Feedback }) {
  const { incidents_opened, incidents_edited, verdicts, overrides } = feedback;
  const edits = [
    plural(feedback.merges, "merge"),
    plural(feedback.splits, "split"),
    plural(feedback.moves, "move"),
    plural(feedback.retitles, "title"),
  ];
  return (
    <dl className="grid content-start gap-x-6 gap-y-3 sm:grid-cols-2">
      <Figure
        name="Edit rate"
        value={shareText(feedback.edit_rate, incidents_opened)}
        note={`${formatCount(incidents_edited)} of ${plural(incidents_opened, "incident")} edited by people`}
      >
        {edits.join(", ")}
      </Figure>
      <Figure
        name="Override rate"
        value={shareText(feedback.override_rate, verdicts)}
        note={`${formatCount(overrides)} of ${plural(verdicts, "verdict")} against the risk`}
      >
        malicious below 50 %, or harmless above
      </Figure>
      <Figure
        name="Confidence mismatch"
        value={verdicts === 0 ? "–" : feedback.confidence_mismatch.toFixed(2)}
        note="mean distance of risk and outcome"
      >
        0 is always right, 1 always wrong
      </Figure>
      <Figure
        name="Verdicts"
        value={formatCount(verdicts)}
        note={`${formatCount(feedback.true_positives)} true positive, ${formatCount(feedback.benign)} benign`}
      >
        {formatCount(feedback.false_positives)} false positive
      </Figure>
    </dl>
  );
}

interface FigureProps {
  name: string;
  value: string;
  note: string;
  children: ReactNode;
}

const Figure = ({ name, value, note, children }: FigureProps) => (
  <div className="flex flex-col">
    <dt className="text-2xs font-medium text-faint">{name}</dt>
    <dd className="text-xl font-semibold tabular-nums">{value}</dd>
    <dd className="text-xs text-dim tabular-nums">{note}</dd>
    <dd className="text-xs text-dim tabular-nums">{children}</dd>
  </div>
);

const size = 176;
const left = 34;
const bottom = 30;
const edge = 10;
const ticks = [0, 0.5, 1];

/** On the line, what was said to be 70 % was malicious in 70 of 100 cases. The table beside it says the same. */
function Chart({ bins }: { bins: ReliabilityBin[] }) {
  const dots = dotsOf(bins, size);
  return (
    <svg
      width={left + size + edge}
      height={edge + size + bottom}
      role="img"
      aria-label="Predicted against observed; the table beside it has the figures"
      className="text-2xs"
    >
      <g transform={`translate(${left} ${edge})`}>
        <rect width={size} height={size} className="fill-none stroke-line" />
        <line x1={0} y1={size} x2={size} y2={0} className="stroke-line-strong" strokeDasharray="4 3" />
        {ticks.map((tick) => (
          <g key={tick} className="fill-dim">
            <text x={tick * size} y={size + 13} textAnchor="middle">
              {tick * 100}
            </text>
            <text x={-6} y={(1 - tick) * size + 4} textAnchor="end">
              {tick * 100}
            </text>
          </g>
        ))}
        <text x={size / 2} y={size + 27} textAnchor="middle" className="fill-faint">
          predicted, %
        </text>
        <text transform={`translate(-24 ${size / 2}) rotate(-90)`} textAnchor="middle" className="fill-faint">
          observed, %
        </text>
        {dots.map((dot, index) => (
          <circle
            key={bins[index]?.low}
            cx={dot.x}
            cy={dot.y}
            r={dot.radius}
            className="fill-accent stroke-accent-text"
            fillOpacity={0.45}
          />
        ))}
      </g>
    </svg>
  );
}

const Bins = ({ bins }: { bins: ReliabilityBin[] }) => (
  <SimpleTable
    label="Predicted and observed"
    columns={["Risk said", "On average", "Malicious", "Verdicts"]}
    numeric={[1, 2, 3]}
    rows={bins.map((bin) => ({
      key: `${bin.low}`,
      cells: [
        `${Math.round(bin.low * 100)}–${Math.round(bin.high * 100)} %`,
        `${Math.round(bin.predicted * 100)} %`,
        `${Math.round(bin.observed * 100)} %`,
        formatCount(bin.count),
      ],
    }))}
  />
);
