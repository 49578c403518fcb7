// What this host's own firewall says, read only: who is in charge, in which chain, and which addresses its rules name.

import type { DecisionPlace } from "../firewall/live/backend.ts";
import { type CommandRunner, createCommandRunner, tryRun } from "../firewall/live/command-runner.ts";
import { detectFirewall, isFirewalldRunning } from "../firewall/live/detect.ts";
import { type ActiveZones, readActiveZones, zonesFor } from "../firewall/live/firewalld.ts";
import { partlyDenying } from "../firewall/live/partly-denying.ts";
import { createSystemFiles } from "../firewall/live/system-files.ts";
import type { Clock } from "../runtime/clock.ts";
import { familyOf } from "./address-text.ts";
import { DOCTOR_LIMITS } from "./limits.ts";
import { createToldOnce } from "./told-once.ts";

export interface OwnFirewall {
  /** `ufw`, `firewalld`, `iptables`, `nftables inet filter input`, `none`. */
  readonly kind: string;
  /** Where an accept has to stand: `nftables inet filter input, out iptables iptables-nft`, `firewalld internal, out firewalld`. */
  readonly places: string;
  /** Single addresses and networks that its rules name; null where there are too many, or they cannot be read. */
  readonly addresses: readonly string[] | null;
}

/**
 * `peers`: addresses of the other end, by which firewalld's zone is found. Undefined after `waitMs` as well: what was found
 * out is there for who asks again then (told-once.ts).
 */
export type FirewallReader = (peers?: readonly string[], waitMs?: number) => Promise<OwnFirewall | undefined>;

/** firewall-cmd, the slowest of them, takes a third of a second on a quiet machine. */
const COMMAND_MS = 3_000;
/** A reader of the rules as they are; undefined where they cannot be read (no root). */
export function createFirewallReader(clock: Clock): FirewallReader {
  const run = createCommandRunner(clock, COMMAND_MS);
  const readFor = async (peers: readonly string[]): Promise<OwnFirewall | undefined> => {
    const found = await readFirewall(run).catch(() => undefined);
    if (found === undefined) return undefined;
    const { kind, addresses, places, zones } = found;
    const inZones = zones && (await zonesOf(run, zones, peers).catch(() => undefined));
    const named = places.flatMap((place) => (place === "firewalld" && inZones ? inZones : [place]));
    return { kind, addresses, places: withinBound(named) };
  };
  // One a set of peers: examinations of several hosts at once do not take each other's answers away.
  const readers = new Map<string, (waitMs?: number) => Promise<OwnFirewall | undefined>>();
  return (peers = [], waitMs) => {
    const key = peers.join();
    if (!readers.has(key) && readers.size >= DOCTOR_LIMITS.firewallReadersMax) readers.clear();
    const reader = readers.get(key) ?? createToldOnce(() => readFor(peers), clock);
    readers.set(key, reader);
    return reader(waitMs);
  };
}

interface Found extends Omit<OwnFirewall, "places"> {
  readonly places: readonly string[];
  /** Of firewalld, where that is in charge. */
  readonly zones: ActiveZones | undefined;
}

async function readFirewall(run: CommandRunner): Promise<Found | undefined> {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return undefined;
  const machine = { run, files: createSystemFiles() };
  const isFirewalld = await isFirewalldRunning(machine);
  const [{ inCharge, places }, zones] = await Promise.all([
    detectFirewall(machine, { isFirewalld }),
    isFirewalld ? readActiveZones(run) : undefined,
  ]);
  const place = places.find((each) => each.manager === inCharge && each.direction === "in")?.place;
  const kind = inCharge === "nftables" && place !== undefined ? `nftables ${place}` : inCharge;
  const seen = async (direction: "in" | "out"): Promise<string[]> => {
    // Our own table, where nobody denies, is named by a place that denies nothing.
    const own = places.filter((each) => each.direction === direction && !(inCharge === "none" && direction === "in"));
    const found = [...new Set(own.map(nameOf))];
    if (found.length > 0) return found;
    if (inCharge === "firewalld" || inCharge === "ufw") return [inCharge];
    const partly = await partlyDenying(machine, direction);
    return partly.length > 0 ? partly : ["none"];
  };
  const [incoming, outgoing, ...texts] = await Promise.all([
    seen("in"),
    seen("out"),
    tryRun(run, "nft", ["list", "ruleset"]),
    tryRun(run, "iptables-save", []),
    tryRun(run, "ip6tables-save", []),
  ]);
  const all = [...incoming, ...outgoing.map((each) => `out ${each}`)];
  const isReadable = texts.some((text) => text !== undefined);
  return { kind, places: all, zones, addresses: isReadable ? addressesIn(texts.join("\n")) : null };
}

function nameOf({ manager, place }: DecisionPlace): string {
  if (manager === "nftables") return `nftables ${place}`;
  return manager === "iptables" ? `iptables ${place.split(" ", 1)[0]}` : manager;
}

async function zonesOf(run: CommandRunner, active: ActiveZones, peers: readonly string[]): Promise<string[]> {
  const sought = peers.length === 0 ? [undefined] : peers;
  const zones = await Promise.all(sought.map((peer) => zonesFor(run, active, peer)));
  return [...new Set(zones.flat())].map((zone) => `firewalld ${zone}`);
}

/** What does not fit the message is left out, from the end. */
function withinBound(places: readonly string[]): string {
  let text = "";
  for (const place of places) {
    const more = text === "" ? place : `${text}, ${place}`;
    if (Buffer.byteLength(more) > DOCTOR_LIMITS.firewallBytesMax) break;
    text = more;
  }
  return text;
}

/** Every address and network that stands in rules as a word of its own; null beyond the bound. */
export function addressesIn(text: string): readonly string[] | null {
  const words = text.match(/(?<![\w.:])[0-9a-fA-F.:]*[.:][0-9a-fA-F.:]+(?:\/\d{1,3})?(?![\w.:/])/g) ?? [];
  const named = words.map((word) => word.replace(word.includes(":") ? /\/128$/ : /\/32$/, ""));
  const distinct = [...new Set(named.filter((word) => familyOf(word.split("/", 1)[0] ?? "") !== undefined))];
  return distinct.length > DOCTOR_LIMITS.ruleAddressesMax ? null : distinct;
}
