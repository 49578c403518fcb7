import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { isNamedBy } from "./address-text.ts";
import type { ListeningSocket } from "./evidence.ts";
import { findInstallations } from "./installations.ts";
import { addressesIn } from "./read-firewall.ts";
import { checkSelf, type SelfCheckNeeds } from "./self-check.ts";

async function rootWith(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "rusuban-root-"));
  onTestFinished(() => rm(root, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return root;
}

describe("what was installed before", () => {
  it("is nothing on an empty host", async () => {
    expect(await findInstallations(await rootWith({}))).toEqual([]);
  });

  it("is found by its files, with the port of its settings", async () => {
    const root = await rootWith({
      "etc/openwsman/openwsman.conf":
        "[cim]\nssl_port = 1\n[server]\n# ssl_port = 9999\nport = 5985\nssl_port = 15986\n",
      "etc/webmin/miniserv.conf": "port=10000\nssl=1\n",
      "usr/sbin/cimserver": "",
      "sbin/rpcbind": "",
      "etc/snmp/snmptrapd.conf": "disableAuthorization yes\n",
    });
    const found = await findInstallations(root);
    expect(found.map(({ name, port, flow }) => [name, port, flow])).toEqual([
      ["openwsman", 15986, "wsmanHttps"],
      ["tog-pegasus", 5989, "cimXml"],
      ["rpcbind", null, null],
      ["snmptrapd", 162, "snmpTrap"],
      ["Webmin", 10000, "backupControl"],
    ]);
    for (const { advice } of found) expect(advice.en.length).toBeGreaterThan(20);
  });

  it("is no conflict where it was moved, and has its own default where its file does not say", async () => {
    const moved = await findInstallations(await rootWith({ "etc/webmin/miniserv.conf": "port=20001\n" }));
    expect(moved).toMatchObject([{ name: "Webmin", port: 20001, flow: null }]);
    const silent = await findInstallations(
      await rootWith({ "etc/openwsman/openwsman.conf": "[server]\nport = 5985\n" }),
    );
    expect(silent).toMatchObject([{ port: 5986 }]);
  });
});

describe("this host by itself", () => {
  const socket = (port: number, changed: Partial<ListeningSocket> = {}): ListeningSocket => ({
    family: "ipv6",
    address: "::",
    alsoIpv4: true,
    port,
    holder: "own",
    owner: "node (pid 7)",
    ...changed,
  });
  const check = (sockets: readonly ListeningSocket[] | null, changed: Partial<SelfCheckNeeds> = {}, host = "::") =>
    checkSelf({
      flows: [
        { flow: "backupControl", range: { from: 10000, to: 10000 }, isPool: false, host },
        { flow: "backupData", range: { from: 20300, to: 20349 }, isPool: true, host },
      ],
      readSockets: async () => sockets,
      systemPorts: async () => ({ kind: "known", ephemeral: { from: 32768, to: 60999 }, reserved: [] }),
      firewall: async () => "ufw",
      installations: async () => [],
      ...changed,
    });

  it.each([
    ["listens", [socket(10000)], "open", []],
    ["does not listen", [], "closed", ["not-listening"]],
    [
      "listens on the loopback only",
      [socket(10000, { address: "127.0.0.1", family: "ipv4" })],
      "closed",
      ["loopback-only"],
    ],
    [
      "is kept away by another",
      [socket(10000, { holder: "other", owner: "perl (pid 812)" })],
      "closed",
      ["port-taken"],
    ],
    ["cannot be told from another's without root", [socket(10000, { holder: "hidden", owner: "" })], "unknown", []],
  ] as const)("our program %s", async (_, sockets, state, causes) => {
    const { entries } = await check(sockets);
    expect(entries[0]).toMatchObject({ flow: "backup-control", state, causes });
    expect(entries[1]).toMatchObject({ flow: "backup-data", ports: "20300-20349", state: "free" });
  });

  it("names a program that sits among the data ports, and ports that the system takes for others", async () => {
    const { entries, ephemeral } = await check(
      [socket(10000), socket(20310, { holder: "other", owner: "x (pid 1)" })],
      {
        systemPorts: async () => ({ kind: "known", ephemeral: { from: 20340, to: 60999 }, reserved: [] }),
      },
    );
    expect(entries[1]).toMatchObject({ state: "partly", causes: ["port-taken"], owners: ["x (pid 1)"] });
    expect(ephemeral).toMatchObject({ kind: "overlaps", shared: { from: 20340, to: 20349 } });
  });

  it.each(["127.0.0.1", "::1", "localhost"])("is open to this computer only where listen.host is %s", async (host) => {
    const onLoopback = socket(10000, { address: "127.0.0.1", family: "ipv4", alsoIpv4: false });
    const { entries } = await check([onLoopback], {}, host);
    expect(entries[0]).toMatchObject({ state: "open", reach: "this-computer", causes: [] });
    const missing = await check([], {}, host);
    expect(missing.entries[0]).toMatchObject({ state: "closed", causes: ["not-listening"] });
    const everywhere = await check([socket(10000)], {}, host);
    expect(everywhere.entries[0]).toMatchObject({ state: "open", reach: "everybody" });
  });

  it("does not know what it cannot see", async () => {
    const { entries } = await check(null);
    expect(entries.map(({ state }) => state)).toEqual(["unknown", "unknown"]);
  });
});

it("reads the addresses that a firewall's rules name", () => {
  const rules = `ip saddr 10.77.1.10 tcp dport 10000 accept
    ip6 saddr { fd77:1::10, 2001:db8::/32 } accept # 12:30:45
    -A INPUT -s 192.0.2.7/32 -p tcp --dport 20000:20024 -j ACCEPT`;
  expect(addressesIn(rules)).toEqual(["10.77.1.10", "fd77:1::10", "2001:db8::/32", "192.0.2.7"]);
  expect(isNamedBy("2001:db8:1::7", "2001:db8::/32")).toBe(true);
  expect(isNamedBy("2001:db9::7", "2001:db8::/32")).toBe(false);
  expect(isNamedBy("10.0.0.1", "2001:db8::/32")).toBe(false);
  expect(isNamedBy("::ffff:10.77.1.10", "10.77.1.10")).toBe(true);
});
