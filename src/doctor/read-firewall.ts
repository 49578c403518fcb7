// What this host's own firewall says, read only: who is in charge, in which chain, and which addresses its rules name.

import { createCommandRunner, tryRun } from "../firewall/live/command-runner.ts";
import { detectFirewall } from "../firewall/live/detect.ts";
import { createSystemFiles } from "../firewall/live/system-files.ts";
import type { Clock } from "../runtime/clock.ts";
import { familyOf } from "./address-text.ts";
import { DOCTOR_LIMITS } from "./limits.ts";

export interface OwnFirewall {
  /** `ufw`, `firewalld`, `iptables`, `nftables inet filter input`, `none`. */
  readonly kind: string;
  /** Single addresses and networks that its rules name; null where there are too many, or they cannot be read. */
  readonly addresses: readonly string[] | null;
}

/** firewall-cmd, the slowest of them, takes a third of a second on a quiet machine. */
const COMMAND_MS = 3_000;
const REMEMBERED_MS = 30_000;

/** A reader that asks again after half a minute at the soonest; undefined where the firewall cannot be read (no root). */
export function createFirewallReader(
  clock: Clock,
  rememberedMs = REMEMBERED_MS,
): () => Promise<OwnFirewall | undefined> {
  let asked: { readonly atMs: number; readonly answer: Promise<OwnFirewall | undefined> } | undefined;
  return () => {
    if (asked === undefined || clock.monotonic() - asked.atMs > rememberedMs) {
      asked = { atMs: clock.monotonic(), answer: readFirewall(clock).catch(() => undefined) };
    }
    return asked.answer;
  };
}

async function readFirewall(clock: Clock): Promise<OwnFirewall | undefined> {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return undefined;
  const run = createCommandRunner(clock, COMMAND_MS);
  const isFirewalld = (await tryRun(run, "firewall-cmd", ["--state"]))?.trim() === "running";
  const { inCharge, places } = await detectFirewall({ run, files: createSystemFiles() }, { isFirewalld });
  const place = places.find((each) => each.manager === inCharge && each.direction === "in")?.place;
  const kind = inCharge === "nftables" && place !== undefined ? `nftables ${place}` : inCharge;
  const texts = await Promise.all([
    tryRun(run, "nft", ["list", "ruleset"]),
    tryRun(run, "iptables-save", []),
    tryRun(run, "ip6tables-save", []),
  ]);
  if (texts.every((text) => text === undefined)) return { kind, addresses: null };
  return { kind, addresses: addressesIn(texts.join("\n")) };
}

/** Every address and network that stands in rules as a word of its own; null beyond the bound. */
export function addressesIn(text: string): readonly string[] | null {
  const words = text.match(/(?<![\w.:])[0-9a-fA-F.:]*[.:][0-9a-fA-F.:]+(?:\/\d{1,3})?(?![\w.:/])/g) ?? [];
  const named = words.map((word) => word.replace(word.includes(":") ? /\/128$/ : /\/32$/, ""));
  const distinct = [...new Set(named.filter((word) => familyOf(word.split("/", 1)[0] ?? "") !== undefined))];
  return distinct.length > DOCTOR_LIMITS.ruleAddressesMax ? null : distinct;
}
