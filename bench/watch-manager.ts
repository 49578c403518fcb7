// A whole manager in a process of its own: prepared with hosts and subscriptions in its database, then started as ever.

import { statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createManager } from "../src/manager/manager.ts";
import { managerFiles, openManagerData } from "../src/manager/manager-data.ts";
import { MANAGER_LISTENS, MANAGER_SETTINGS } from "../src/manager/settings.ts";
import { createAgentlessList } from "../src/manager/watch/agentless/agentless-list.ts";
import { openSecretSeal } from "../src/manager/watch/agentless/sealed-secret.ts";
import { createSubscriptionList } from "../src/manager/watch/subscriptions/subscription-list.ts";
import { findFreePorts } from "../src/net/free-port.ts";
import { ping } from "../src/net/ping.ts";
import { createPinger } from "../src/net/pinger.ts";
import { systemClock } from "../src/runtime/clock.ts";
import type { Log } from "../src/runtime/log.ts";
import { silentLog } from "../src/runtime/log.ts";
import { systemRandom as random } from "../src/runtime/random.ts";
import { loadSettings } from "../src/runtime/settings.ts";
import { addressOf, kindOf } from "./watch-hosts.ts";
import { fasterClock, serveParts } from "./watch-parts.ts";

const HOST = "127.0.0.1";
/** As much as a manager of 2,000 hosts has. */
const BALLAST_BYTES = 400 * 2 ** 20;
const ACCOUNT = { name: "ops", password: "right" };

let stop = async () => {};
let file = "";
/** Sentences of warnings and errors, and how often each was said. */
const said = new Map<string, number>();

const countingLog: Log = {
  ...silentLog,
  warn: (_, sentence) => void said.set(sentence, (said.get(sentence) ?? 0) + 1),
  error(values, sentence) {
    said.set(sentence, (said.get(sentence) ?? 0) + 1);
    console.error(sentence, values);
  },
  child: () => countingLog,
};

const works = {
  /** The hosts, and subscriptions at the first of them; gives back the paths to which those deliver. */
  async prepare(wanted: {
    readonly directory: string;
    readonly hosts: number;
    readonly subscriptions: number;
    readonly port: number;
    readonly fingerprint: string;
  }) {
    const { directory, port, fingerprint } = wanted;
    const common = { clock: systemClock, random, log: countingLog };
    const { database, close } = await openManagerData({ dataDirectory: directory, names: [HOST], ...common });
    const seal = await openSecretSeal(managerFiles(directory).secretKey, random);
    const list = createAgentlessList({ database, seal, ...common });
    const subscriptions = createSubscriptionList({ database, seal, ...common });
    const paths: string[] = [];
    for (let index = 0; index < wanted.hosts; index += 1) {
      const means = kindOf(index) === "cim-xml" ? "cim-xml" : "wsman";
      const target = await list.add({
        ...{ name: `host-${String(index).padStart(4, "0")}`, address: addressOf(index), means, port },
        ...{ trust: { kind: "pinned", fingerprint }, account: ACCOUNT, path: null, namespace: null },
      });
      if (target === undefined || index >= wanted.subscriptions) continue;
      const { token } = await subscriptions.add(target.hostId);
      paths.push(`/indications/${token}`);
    }
    await close();
    return paths;
  },
  async start(wanted: { readonly directory: string; readonly factor: number; readonly pollSeconds: number }) {
    const { directory, factor, pollSeconds } = wanted;
    const ports = await findFreePorts({ host: HOST, count: MANAGER_LISTENS.length });
    const flags = {
      ...{ "listen.host": HOST, "indications.subscribe": "on", "hosts.pollSeconds": String(pollSeconds) },
      ...Object.fromEntries(MANAGER_LISTENS.map((flow, at) => [`ports.${flow}`, String(ports[at])])),
    };
    file = managerFiles(directory).database;
    const manager = createManager({
      dataDirectory: directory,
      settings: loadSettings(MANAGER_SETTINGS, { flags, env: {} }),
      consoleFolder: join(directory, "no-console"),
      ...{ clock: factor === 1 ? systemClock : fasterClock(factor), random, log: countingLog },
    });
    await manager.start();
    stop = () => manager.stop();
    return { port: ports[MANAGER_LISTENS.indexOf("cimIndication")] ?? 0 };
  },
  /** What this process takes. With `isTidy` its heap is collected first, at a cost that belongs to nobody. */
  figures({ isTidy }: { readonly isTidy: boolean }) {
    const { user, system } = process.cpuUsage();
    if (isTidy) globalThis.gc?.();
    const { rss, heapUsed, external } = process.memoryUsage();
    const sizeOf = (suffix: string) => statSync(file + suffix, { throwIfNoEntry: false })?.size ?? 0;
    return {
      ...{ cpuSeconds: (user + system) / 1e6, rss, heapUsed, external },
      ...{ databaseBytes: sizeOf("") + sizeOf("-wal"), said: Object.fromEntries(said) },
    };
  },
  /** Alerts of indications that are on the disk, as another connection to the database sees them. */
  inbox() {
    const database = new DatabaseSync(file, { readOnly: true });
    const row = database.prepare("SELECT count(*) AS committed FROM alerts WHERE condition LIKE 'cim.%'").get();
    database.close();
    return { committed: Number(row?.committed) };
  },
  /** Processor milliseconds for a ping, by a process of its own each and by the shell that stays. Of a process at rest. */
  async pings(count: number) {
    const ballast = Buffer.alloc(BALLAST_BYTES, 1);
    const pinger = createPinger({ clock: systemClock });
    const each = async (ping: (host: string) => Promise<unknown>) => {
      await ping(HOST);
      const before = process.cpuUsage();
      for (let index = 0; index < count; index += 1) await ping(addressOf(index));
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1_000 / count;
    };
    const timeoutMs = 10_000;
    const spawned = await each((host) => ping({ host, timeoutMs, clock: systemClock }));
    const shared = await each((host) => pinger.ping(host, timeoutMs));
    await pinger.stop();
    return { spawned, shared, rss: process.memoryUsage().rss, ballast: ballast.length };
  },
  async stop() {
    await stop();
    stop = async () => {};
  },
} as const;
export type ManagerWorks = typeof works;
export type ManagerFigures = ReturnType<(typeof works)["figures"]>;

serveParts(works, () => stop());
