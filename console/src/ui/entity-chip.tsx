import {
  AppWindow,
  Box,
  Cpu,
  FileText,
  Globe,
  KeyRound,
  type LucideIcon,
  Network,
  Server,
  User,
} from "lucide-react";
import type { EntityRef, EntityType } from "@/api/types";
import { Badge } from "./badge";

const ipv4_chars_max = 15;

export const entityIcons: Record<EntityType, LucideIcon> = {
  user: User,
  host: Server,
  process: Cpu,
  session: KeyRound,
  ip: Network,
  domain: Globe,
  file: FileText,
  application: AppWindow,
  virtual: Box,
};

export function EntityChip({ entity }: { entity: EntityRef }) {
  const Icon = entityIcons[entity.type];
  // Half an address says nothing; half a name often does.
  const isAddress = entity.type === "ip" && entity.value.length <= ipv4_chars_max;
  return (
    <Badge
      tone="strong"
      className={isAddress ? "shrink-0" : "min-w-0"}
      title={`${entity.type} ${entity.value} (${entity.role})`}
    >
      <Icon size={11} aria-label={entity.type} className="shrink-0 text-faint" />
      <span className="truncate">{entity.value}</span>
    </Badge>
  );
}
