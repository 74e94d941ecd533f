import { Link } from "@tanstack/react-router";
import { X } from "lucide-react";
import type { RefObject } from "react";
import type { RuleKind } from "@/api/types";
import { formatCount, plural } from "@/lib/format";
import { severities } from "@/lib/severity";
import { type RuleState, type RulesView, ruleKinds, ruleStates } from "@/lib/url-state";
import { Button } from "@/ui/button";
import { ChoiceMenu } from "@/ui/dropdown";
import { FilterText } from "@/ui/filter-text";
import { Kbd } from "@/ui/kbd";
import { SeverityMark } from "@/ui/severity";
import { VisibleText } from "@/ui/visible-text";

export const kindWords: Record<RuleKind, string> = {
  sigma: "Sigma",
  correlation: "Correlation",
  yaral: "YARA-L",
  model: "Model",
};

const stateWords: Record<RuleState, string> = {
  reporting: "Reporting",
  disabled: "Disabled",
  excepted: "With exceptions",
};

const levelOptions = severities.slice(0, 5).map((value) => ({
  value,
  label: (
    <>
      <SeverityMark severity={value} />
      {value === "critical" ? null : <span className="text-xs text-dim">and worse</span>}
    </>
  ),
}));
const kindOptions = ruleKinds.map((value) => ({ value, label: kindWords[value] }));
const stateOptions = ruleStates.map((value) => ({ value, label: stateWords[value] }));

/** What narrows the list; what is open beside it and its order do not. */
export const filtersOf = ({ q, level, kind, pack, state, technique }: RulesView): RulesView => ({
  ...{ q, level, kind, pack, state, technique },
});

interface RuleFilterBarProps {
  view: RulesView;
  packs: string[];
  /** Null while they are not known. */
  count: { shown: number; all: number } | null;
  problems: number;
  searchBox: RefObject<HTMLInputElement | null>;
  onChange: (change: Partial<RulesView>) => void;
  onClear: () => void;
}

export function RuleFilterBar(props: RuleFilterBarProps) {
  const { view, packs, count, problems, searchBox, onChange, onClear } = props;
  const isFiltered = Object.values(filtersOf(view)).some((value) => value !== undefined);
  return (
    <div className="flex min-h-14 shrink-0 flex-wrap items-center gap-2 border-b border-line bg-surface px-4 py-2">
      <h1 className="mr-2 text-base font-semibold whitespace-nowrap">
        Rules
        {count === null ? null : (
          <span className="ml-2 font-normal text-dim tabular-nums">
            {formatCount(count.shown)}
            {count.shown === count.all ? "" : ` of ${formatCount(count.all)}`}
          </span>
        )}
      </h1>
      <ViewSwitch view={view} />
      {view.show === "coverage" ? null : (
        <>
          <FilterText
            text={view.q ?? ""}
            placeholder="Filter by title, id, pack or tag"
            searchBox={searchBox}
            onChange={(q) => onChange({ q: q === "" ? undefined : q })}
          />
          <ChoiceMenu
            label="Level"
            value={view.level}
            options={levelOptions}
            onChange={(level) => onChange({ level })}
          />
          <ChoiceMenu
            label="Kind"
            value={view.kind}
            options={kindOptions}
            onChange={(kind) => onChange({ kind })}
          />
          <ChoiceMenu
            label="Pack"
            value={view.pack}
            options={packs.map((value) => ({ value, label: <VisibleText text={value} /> }))}
            onChange={(pack) => onChange({ pack })}
          />
          <ChoiceMenu
            label="State"
            value={view.state}
            options={stateOptions}
            onChange={(state) => onChange({ state })}
          />
          {view.technique === undefined ? null : (
            <Button
              className="border-accent bg-selected font-mono"
              aria-label={`Technique ${view.technique}: take the filter away`}
              onClick={() => onChange({ technique: undefined })}
            >
              {view.technique}
              <X size={14} aria-hidden />
            </Button>
          )}
          {isFiltered ? (
            <Button variant="ghost" onClick={onClear}>
              Clear
              <Kbd keys="x" />
            </Button>
          ) : null}
        </>
      )}
      {problems > 0 ? (
        <Link
          to="/health"
          className="ml-auto text-xs whitespace-nowrap text-high underline underline-offset-2"
          title="Rules that are not in force, or not all of them. Opens health."
        >
          {plural(problems, "rule problem")}
        </Link>
      ) : null}
    </div>
  );
}

const switchClass =
  "flex h-7 items-center rounded px-2.5 text-sm text-dim hover:text-text aria-[current=page]:bg-raised aria-[current=page]:font-medium aria-[current=page]:text-text";

/** The list is the page without `show`, and not every page that has more. */
const exactly = { exact: true };

function ViewSwitch({ view }: { view: RulesView }) {
  return (
    <nav aria-label="Views of the rules" className="mr-2 flex rounded-md border border-line p-px">
      <Link
        to="/rules"
        search={{ ...view, show: undefined }}
        replace
        activeOptions={exactly}
        className={switchClass}
      >
        List
      </Link>
      <Link
        to="/rules"
        search={{ ...view, show: "coverage" }}
        replace
        activeOptions={exactly}
        className={switchClass}
      >
        Coverage
      </Link>
    </nav>
  );
}
