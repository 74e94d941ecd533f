import { Button } from "./button";

interface MoreButtonProps {
  /** What there is in all: `14 reasons`. */
  all: string;
  isAll: boolean;
  onToggle: () => void;
}

/** Below the first of a list. */
export const MoreButton = ({ all, isAll, onToggle }: MoreButtonProps) => (
  <Button variant="ghost" size="small" aria-expanded={isAll} onClick={onToggle}>
    {isAll ? "Show fewer" : `Show all ${all}`}
  </Button>
);
