import type { Join, JoinReason } from "@/api/types";
import { sentence } from "@/lib/format";

/** Why a signal is part of the incident. */
export function joinText(join: Join | undefined): string {
  return join === undefined ? "–" : sentence(joinedHow(join));
}

/** What two signals or incidents have in common, where that is what connects them. */
export function sharedThing(reason: JoinReason): string | undefined {
  switch (reason.reason) {
    case "shared_entity":
      return `${reason.entity_type} ${reason.value}`;
    case "process_tree":
      return `the process tree of ${reason.process} on ${reason.host}`;
    case "indicator":
      return `the indicator ${reason.value}`;
    case "file_hash":
      return `the file with the hash ${reason.value}`;
    default:
      return undefined;
  }
}

function joinedHow(reason: JoinReason): string {
  switch (reason.reason) {
    case "opened":
      return "opened the incident";
    case "merged":
      return `came with ${reason.from}, merged by ${reason.by ?? "the platform"}${formerly(reason.was)}`;
    case "moved":
      return `was moved here from ${reason.from} by ${reason.by}${formerly(reason.was)}`;
    default:
      return `joined because it shares ${sharedThing(reason)}`;
  }
}

const formerly = (was: JoinReason | null | undefined) => (was ? `; there it ${joinedHow(was)}` : "");
