import { Badge } from "@/ui/badge";

/** An ATT&CK technique by its id. A text, not a link: the console never leaves the machine. */
export const Technique = ({ id }: { id: string }) => (
  <Badge title={`MITRE ATT&CK technique ${id}`} tone="accent" className="font-mono">
    {id}
  </Badge>
);
