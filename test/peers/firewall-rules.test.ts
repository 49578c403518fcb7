// The rendered rules, loaded by their own scripts into real firewalls that deny everything: with them every flow opens,
// and nothing else does.

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parseAddress } from "../../src/firewall/address.ts";
import { render } from "../../src/firewall/renderer.ts";
import type { Rule, RuleSet, Side } from "../../src/firewall/rule.ts";
import { deriveRules } from "../../src/firewall/rule-set.ts";
import { targetNamed } from "../../src/firewall/targets.ts";
import { FLOW_KEYS } from "../../src/ports/port-map.ts";
import { createPortBook } from "../../src/ports/port-settings.ts";
import { tellOfMissingPeer } from "../missing-peer.ts";
import { type Computer, createRoutedLab, missingForLab, type Place, ROUTED, type RoutedLab } from "../namespaces.ts";
import { FIREWALL_KINDS, type FirewallKind, letUfwPing } from "./firewall-kinds.ts";
import { answer, record, type Service, sweep, unanswered } from "./firewall-traffic.ts";

const PACKAGES = "iproute2 iputils-ping nftables iptables ufw firewalld dbus nmap";
const directory = await mkdtemp(join(tmpdir(), "rusuban-firewall-"));
afterAll(() => rm(directory, { recursive: true, force: true }));

for (const kind of FIREWALL_KINDS) {
  const missing = missingForLab(["nft", "nmap", "ping", ...kind.programs]);
  if (missing.length > 0) {
    tellOfMissingPeer({ tests: `rules in ${kind.target} (without ${missing.join(", ")})`, install: PACKAGES });
  } else describe(`the rules for ${kind.target}`, () => check(kind));
}

/** Every flow of the map between manager and agent, also those that have to be switched on. */
function rulesOf(side: Side): RuleSet {
  const ports = createPortBook();
  const at = (host: "manager" | "agent") => ROUTED[host].map((text) => parseAddress(text, { key: host, host }));
  const agent = { name: "web1", platform: "linux", variant: null, addresses: at("agent"), ports } as const;
  const manager = { name: "manager", addresses: at("manager"), ports };
  return deriveRules({ side, topology: { manager, agents: [agent], others: {} }, flows: new Set(FLOW_KEYS) });
}

const towards = (party: "manager" | "agent") =>
  rulesOf("between").rules.filter(({ to }) => to !== "any" && to.party === party);

function portsOf(rules: readonly Rule[], transport: Service["transport"]): number[] {
  const ranges = rules.filter((rule) => rule.transport === transport).flatMap(({ ports }) => ports);
  return ranges
    .flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, index) => from + index))
    .sort((a, b) => a - b);
}

function check(kind: FirewallKind): void {
  const SIDES = { manager: "manager", firewall: "between", agent: "agent" } as const satisfies Record<string, Side>;
  type Where = keyof typeof SIDES;

  /** A laboratory in which these computers deny everything. */
  async function denying(...where: Where[]): Promise<{ lab: RoutedLab; places: Map<Where, Place> }> {
    const lab = await createRoutedLab();
    const places = new Map<Where, Place>();
    await Promise.all(where.map(async (each) => places.set(each, await kind.deny(lab[each]))));
    await Promise.all([record(lab.manager), record(lab.agent)]);
    return { lab, places };
  }

  async function load(where: Where, place: Place): Promise<void> {
    const folder = join(directory, kind.target, where);
    const { files } = render(targetNamed(kind.target), rulesOf(SIDES[where]), { language: "ja" });
    for (const { name, text } of files) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), text);
    }
    const script = files.find(({ name }) => name.endsWith(".sh"));
    // ufw is one program a rule, each of which takes a second where others are busy.
    await place.sh(`sh ${join(folder, script?.name ?? "")}`, { timeoutMs: 300_000 });
  }

  it.each([["agent"], ["manager"], ["firewall"]] as const)(
    "on the %s open the ports of every flow in both families, and no other of the 65,535",
    async (where) => {
      const { lab, places } = await denying(where);
      try {
        await load(where, places.get(where) as Place);
        const ways: [Computer, Computer, "manager" | "agent"][] = [
          [lab.manager, lab.agent, "agent"],
          [lab.agent, lab.manager, "manager"],
        ];
        for (const [from, to, party] of ways) {
          for (const address of ROUTED[party]) {
            const rules = towards(party);
            const expected = { tcp: portsOf(rules, "tcp"), udp: portsOf(rules, "udp") };
            const arrived = await sweep(from, to, { address, expected });
            expect(arrived, `${party} ${address}`).toEqual(expected);
          }
        }
      } finally {
        await lab.dispose();
      }
    },
    600_000,
  );

  it("on all three let every flow talk, answers included, twice loaded as well as once, and leave the rest as it was", async () => {
    const { lab, places } = await denying("manager", "firewall", "agent");
    try {
      const toAgent = servicesOf("agent");
      const toManager = servicesOf("manager");
      await Promise.all([answer(lab.agent, toAgent), answer(lab.manager, toManager)]);
      const before = await lab.manager.run("ping", ["-c", "1", "-W", "1", ROUTED.agent[0]]);
      expect(before.code).not.toBe(0);
      const loadAll = () => Promise.all([...places].map(([where, place]) => load(where, place)));
      await loadAll();
      const once = await listingsOf(places);
      await loadAll();
      expect(await listingsOf(places)).toEqual(once);
      for (const listing of once) expect(listing).toMatch(kind.foreign);

      for (const address of ROUTED.agent) expect(await unanswered(lab.manager, toAgent, { address })).toEqual([]);
      for (const address of ROUTED.manager) expect(await unanswered(lab.agent, toManager, { address })).toEqual([]);
      if (!kind.letsPingOut) await letUfwPing(places.get("manager") as Place);
      for (const address of ROUTED.agent) await lab.manager.sh(`ping -c 1 -W 10 ${address}`);
    } finally {
      await lab.dispose();
    }
  }, 600_000);

  function servicesOf(party: "manager" | "agent"): Service[] {
    const rules = towards(party);
    return (["tcp", "udp"] as const).flatMap((transport) =>
      portsOf(rules, transport).map((port) => ({ transport, port })),
    );
  }

  async function listingsOf(places: ReadonlyMap<Where, Place>): Promise<string[]> {
    return Promise.all([...places.values()].map((place) => place.sh(kind.listing)));
  }
}
