// Who is where, for rules: from the command line alone, so that one can plan before anything is installed, or from the
// running manager and its data folder.

import { existsSync } from "node:fs";
import { isIP } from "node:net";
import { type Address, parseAddress } from "../firewall/address.ts";
import { checkDataRange } from "../firewall/data-range.ts";
import { portText } from "../firewall/port-list.ts";
import { ANY } from "../firewall/rule.ts";
import type { AgentHost, OtherParty, Topology } from "../firewall/topology.ts";
import type { HostMeans } from "../model/host.ts";
import { formatRange, type PortRange } from "../ports/flow.ts";
import { FLOW_KEYS, type FlowKey, findFlow, flowName, flowOf } from "../ports/port-map.ts";
import { createPortBook, type PortOverrides } from "../ports/port-settings.ts";
import { SettingsError } from "../runtime/errors.ts";
import { portRange } from "../runtime/setting-kinds.ts";
import { PARTY_WORDS, WORDS } from "./firewall-words.ts";
import { EXIT } from "./output.ts";
import { findHost, listHosts } from "./references.ts";
import type { Session } from "./session.ts";

export interface WhereOptions {
  readonly side: "agent" | "manager" | "between";
  readonly host?: readonly string[];
  readonly agent?: readonly string[];
  readonly manager?: readonly string[];
  readonly platform?: "linux" | "windows";
  readonly variant?: string;
  readonly port?: readonly string[];
  readonly jobs?: number;
  readonly allowOverlap?: boolean;
  /** Addresses of the others, as the flags have them. */
  readonly others: Readonly<Partial<Record<OtherParty, readonly string[]>>>;
}

/** A host before its ports are known to be in order. */
interface Found extends Omit<AgentHost, "ports"> {
  readonly overrides: PortOverrides;
  readonly means: HostMeans;
}

/** A host, and by what its state is known. */
interface KnownHost extends AgentHost {
  readonly means: HostMeans;
}

export interface Where {
  readonly topology: Omit<Topology, "agents"> & { readonly agents: readonly KnownHost[] };
  /** The flows on which the running manager listens, where it was asked. */
  readonly managerFlows: readonly FlowKey[] | null;
}

/** Throws SettingsError for what is contradictory, CommandError for what is missing. `ports` is null for a profile, whose rows have their own. */
export async function readTopology(
  session: Session,
  options: WhereOptions,
  changes: PortOverrides | null,
): Promise<Where> {
  const given = merged((options.agent ?? []).map((text) => agentOf(text, options)));
  const asksManager = options.host !== undefined || (given.length === 0 && options.side !== "agent");
  const known = asksManager ? await askManager(session, options, given) : null;
  const agents = merged([...(known?.agents ?? []), ...given]);
  if (agents.length === 0) throw session.failure("no-host", WORDS.noHost, { hint: WORDS.giveHost, exit: EXIT.usage });
  if (options.side === "agent" && agents.length > 1) {
    throw session.failure("several-hosts", WORDS.manyHosts, {
      hint: WORDS.oneHost,
      values: { count: agents.length },
      exit: EXIT.usage,
    });
  }
  const manager = managerOf(options.manager ?? []) ?? known?.manager ?? { name: "manager", addresses: [] };
  if (manager.addresses.length === 0 && options.side !== "manager") {
    throw session.failure("no-manager-address", WORDS.noManager, { hint: WORDS.giveManager, exit: EXIT.usage });
  }
  const book = (overrides: PortOverrides) =>
    createPortBook({ ...overrides, ...changes }, { concurrentJobs: options.jobs ?? 1, placeOf: () => "--port" });
  const finished = agents.map(({ overrides, ...agent }) => {
    const ports = book(overrides);
    if (changes !== null) {
      const platform = agent.platform === "windows" ? "windows" : "linux";
      const { allowOverlap = false, jobs = 1 } = options;
      checkDataRange(ports.rangeOf("backupData"), {
        key: "port backup-data",
        platform,
        allowOverlap,
        concurrentJobs: jobs,
      });
    }
    return { ...agent, ports };
  });
  if (known !== null && changes !== null && changes.backupData === undefined) {
    session.tell(WORDS.rangeUnknown, { range: formatRange(book({}).rangeOf("backupData")) });
  }
  return {
    topology: {
      manager: { ...manager, ports: book(known?.managerPorts ?? {}) },
      agents: finished,
      others: othersOf(options.others),
    },
    managerFlows: known?.flows ?? null,
  };
}

/** `web1=10.77.2.20,fd77:2::20`; the address of the host that the rules are for may be left out. */
function agentOf(text: string, { side, platform = "linux", variant }: WhereOptions): Found {
  const [, name = "", list] = /^([^=]+)(?:=(.*))?$/s.exec(text) ?? [];
  if (name.trim() === "" || (list === undefined && side !== "agent")) {
    throw new SettingsError("agent", `${JSON.stringify(text)} is not NAME=ADDRESS: write it as web1=192.0.2.20`);
  }
  const addresses = list === undefined ? [] : addressesOf(list, { key: `agent ${name}`, host: name });
  const system = variant?.startsWith("windows") ? "windows" : platform;
  return { name: name.trim(), addresses, platform: system, variant: variant ?? null, overrides: {}, means: "agent" };
}

/** A host that is named several times has all of those addresses; what its manager knows of it comes first. */
function merged(hosts: readonly Found[]): Found[] {
  const byName = new Map<string, Found>();
  for (const host of hosts) {
    const before = byName.get(host.name);
    const addresses = [...(before?.addresses ?? []), ...host.addresses];
    byName.set(host.name, { ...(before ?? host), addresses });
  }
  return [...byName.values()];
}

function managerOf(texts: readonly string[]): { name: string; addresses: Address[] } | null {
  if (texts.length === 0) return null;
  const parts = texts.map((text) => /^(?:([^=]*)=)?(.*)$/s.exec(text) ?? []);
  const names = new Set(parts.flatMap(([, each = ""]) => (each.trim() === "" ? [] : [each.trim()])));
  if (names.size > 1) {
    throw new SettingsError(
      "manager",
      `${[...names].join(" and ")} are two, and rules are for one manager: name another one with --peer-manager ADDRESS`,
    );
  }
  const [name = "manager"] = names;
  return { name, addresses: parts.flatMap(([, , list = ""]) => addressesOf(list, { key: "manager", host: name })) };
}

function addressesOf(list: string, { key, host }: { key: string; host: string }): Address[] {
  return list.split(",").map((text) => parseAddress(text, { key, host }));
}

function othersOf(given: WhereOptions["others"]): Topology["others"] {
  return Object.fromEntries(
    (Object.keys(PARTY_WORDS) as OtherParty[]).flatMap((party) => {
      const texts = given[party];
      if (texts === undefined) return [];
      const isAny = texts.some((text) => text.trim().toLowerCase() === ANY);
      return [[party, isAny ? ANY : texts.flatMap((text) => addressesOf(text, { key: party, host: party }))]];
    }),
  );
}

async function askManager(session: Session, options: WhereOptions, given: readonly Found[]) {
  const api = await session.api();
  const { flows } = await api.status();
  const hosts =
    options.host === undefined
      ? (await listHosts(api)).filter(({ state, address }) => state !== "revoked" && !isLoopback(address))
      : await Promise.all(options.host.map((ref) => findHost(session, api, ref)));
  const agents = hosts.map(({ name, address, facts, ports, means }): Found => {
    const isAddress = isIP(address) !== 0;
    if (!isAddress && !given.some((each) => each.name === name && each.addresses.length > 0)) {
      throw new SettingsError(
        `host ${name}`,
        `the manager knows it as ${JSON.stringify(address)}, and firewalls take no names: give its address with --agent ${name}=ADDRESS`,
      );
    }
    const platform = ({ linux: "linux", win32: "windows" } as const)[facts.platform] ?? "unknown";
    return {
      name,
      platform,
      variant: options.variant ?? null,
      addresses: isAddress ? [parseAddress(address, { key: `host ${name}`, host: name })] : [],
      overrides: overridesOf(Object.entries(ports)),
      means,
    };
  });
  const own = overridesOf(flows.map(({ flow, port }) => [flow, port]));
  return {
    agents,
    manager: await managerHere(session),
    managerPorts: own,
    flows: flows.flatMap(({ flow }) => keyOf(flow) ?? []),
  };
}

/** The manager's own computer, as after `rusuban up`: what passes there needs no rule between hosts. */
function isLoopback(address: string): boolean {
  return address === "::1" || /^127\./.test(address) || /^::ffff:127\./i.test(address);
}

/** Changed ports by either form of a flow's name; what this version does not know, or cannot be changed, is passed over. */
function overridesOf(ports: readonly (readonly [flow: string, port: number])[]): PortOverrides {
  return Object.fromEntries(
    ports.flatMap(([flow, port]) => {
      const key = keyOf(flow);
      return key !== null && flowOf(key).changeable && flowOf(key).range === null && port > 0 ? [[key, port]] : [];
    }),
  );
}

function keyOf(name: string): FlowKey | null {
  return FLOW_KEYS.find((key) => key === name || flowName(key) === name) ?? null;
}

/** The manager of this data folder, where it runs on this computer: its addresses as its settings and its cards have them. */
async function managerHere({ dataDirectory, world }: Session): Promise<{ name: string; addresses: Address[] } | null> {
  const [{ managerFiles, reachableAddresses }, { MANAGER_SETTINGS }, { loadSettings }] = await Promise.all([
    import("../manager/manager-data.ts"),
    import("../manager/settings.ts"),
    import("../runtime/settings.ts"),
  ]);
  const files = managerFiles(dataDirectory);
  if (!existsSync(files.manager)) return null;
  const settings = loadSettings(MANAGER_SETTINGS, { env: world.env, file: files.settings });
  const names = reachableAddresses(settings["listen.host"], settings["listen.names"]);
  const addresses = names.filter((name) => isIP(name) !== 0 && !name.startsWith("127.") && name !== "::1");
  return {
    name: "manager",
    addresses: addresses.map((text) => parseAddress(text, { key: "listen.names", host: "manager" })),
  };
}

/** `--port FLOW=N` or `FLOW=A-B`, by flow. Throws SettingsError. */
export function readPortChanges(texts: readonly string[]): PortOverrides {
  const changes = [...readPorts(texts)].map(([name, range]) => {
    const search = findFlow(name);
    if (!search.found) {
      const hint =
        search.names.length > 0
          ? `did you mean ${search.names.join(" or ")}?`
          : "`rusuban ports list` shows all of them";
      throw new SettingsError(`port ${name}`, `there is no such flow: ${hint}`);
    }
    const isOne = search.flow.range === null && range.from === range.to;
    return [search.key, isOne ? range.from : range] as const;
  });
  return Object.fromEntries(changes);
}

/** By the name as it was given. Throws SettingsError for a port that is moved to two places. */
export function readPorts(texts: readonly string[]): ReadonlyMap<string, PortRange> {
  const ranges = new Map<string, PortRange>();
  for (const text of texts) {
    const { name, range } = readPort(text);
    const before = ranges.get(name);
    if (before !== undefined && (before.from !== range.from || before.to !== range.to)) {
      throw new SettingsError(
        `port ${name}`,
        `${portText(before, "-")} and ${portText(range, "-")} contradict each other: give one of them`,
      );
    }
    ranges.set(name, range);
  }
  return ranges;
}

/** `esm-07=31135`, `be-06=20300-20349`. */
function readPort(text: string): { readonly name: string; readonly range: PortRange } {
  const [, name = "", value = ""] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
  const range = portRange().parse(/^\d+$/.test(value.trim()) ? `${value.trim()}-${value.trim()}` : value);
  if (name.trim() === "" || range === undefined) {
    throw new SettingsError(
      "port",
      `${JSON.stringify(text)} is not FLOW=PORT or FLOW=FROM-TO with ports from 1 to 65535`,
    );
  }
  return { name: name.trim(), range };
}
