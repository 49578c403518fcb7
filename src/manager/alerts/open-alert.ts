import type { InboxAlert } from "../../model/alert.ts";
import type { AlertList } from "./alert-list.ts";

/** Conditions that one host may have open at once with the same name: one a file system, one a set of backed-up paths. */
const LOOKED_AT_MAX = 200;

/** The alert that is open for this condition, read from the inbox: what was told survives a restart of the teller. */
export async function findOpenAlert(
  inbox: Pick<AlertList, "page">,
  { hostId, condition, component }: { readonly hostId: string; readonly condition: string; readonly component: string },
): Promise<InboxAlert | undefined> {
  const { items } = await inbox.page({
    limit: LOOKED_AT_MAX,
    hostId,
    text: condition,
    states: ["open", "acknowledged"],
  });
  return items.find(
    (alert) => alert.kind === "raised" && alert.condition === condition && alert.component === component,
  );
}
