import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { AGENT_LISTENS } from "../../src/agent/settings.ts";
import { MANAGER_LISTENS } from "../../src/manager/settings.ts";
import { FLOW_KEYS, flowOf } from "../../src/ports/port-map.ts";
import {
  createFolder,
  createProtected,
  endAfterAll,
  type ListeningSocket,
  LOOPBACK,
  listeningSockets,
  type Ports,
  programsOf,
  type RunningCommand,
  start,
  writeSettings,
} from "./running-programs.ts";

// No list says which sockets there are: the system is asked. What it finds must be declared.

describe.skipIf(process.platform !== "linux")("every socket that takes connections", () => {
  const register = endAfterAll();
  let ports: Ports;
  let up: RunningCommand;
  let pids: { readonly manager: number; readonly agent: number };
  /** Seen at any time from the start to the end of the tour: a backup, a restore and an alert are in it. */
  const seen = new Map<string, ListeningSocket>();

  beforeAll(async () => {
    const folder = await createFolder(register);
    const data = join(folder, "data");
    ports = await writeSettings(data);
    const protect = await createProtected(folder);
    up = start(["up", "--data", data, "--protect", protect, "--json"], { register });
    pids = await programsOf(up);
    while (!up.stdout.endsWith("}\n")) {
      for (const socket of await listeningSockets([up.pid, pids.manager, pids.agent])) {
        seen.set(`${socket.pid} ${socket.transport} ${socket.address} ${socket.port}`, socket);
      }
      if (up.hasEnded) throw new Error(`${up.stdout}${up.stderr}`);
    }
    expect(JSON.parse(up.stdout)).toMatchObject({ ok: true });
  }, 90_000);

  it("is a flow of the port map, at the port that the settings give it, in the program that the map says", () => {
    expect(undeclared([...seen.values()])).toEqual([]);
    expect(seen.size).toBe(MANAGER_LISTENS.length + AGENT_LISTENS.length);
  });

  it("is there for each flow that is declared to be listened on", () => {
    const found = [...seen.values()].map(({ pid, port }) => `${pid} ${port}`).sort();
    const ofManager = MANAGER_LISTENS.map((flow) => `${pids.manager} ${ports[flow]}`);
    const ofAgent = AGENT_LISTENS.map((flow) => `${pids.agent} ${ports[flow]}`);
    expect(found).toEqual([...ofManager, ...ofAgent].sort());
  });

  it("has the address of the settings and no other", () => {
    expect([...new Set([...seen.values()].map(({ address }) => address))]).toEqual([LOOPBACK]);
  });

  it("would be found out if it were not declared", async () => {
    const server = createServer().listen({ host: "::", port: 0 });
    const datagrams = createSocket("udp4").bind({ address: LOOPBACK, port: 0 });
    onTestFinished(() => {
      server.close();
      datagrams.close();
    });
    await Promise.all([once(server, "listening"), once(datagrams, "listening")]);
    const own = await listeningSockets([process.pid]);
    expect(own).toContainEqual({ pid: process.pid, transport: "tcp", address: "::", port: portOf(server.address()) });
    expect(own).toContainEqual({
      pid: process.pid,
      transport: "udp",
      address: LOOPBACK,
      port: datagrams.address().port,
    });
    expect(undeclared(own)).toEqual(own);
  });

  /** Those for which no flow of that program, with that transport, has that port in the settings. */
  function undeclared(sockets: readonly ListeningSocket[]): readonly ListeningSocket[] {
    return sockets.filter(({ pid, transport, port }) => {
      const listener = pid === pids.manager ? "manager" : pid === pids.agent ? "agent" : undefined;
      return !FLOW_KEYS.some((key) => {
        const flow = flowOf(key);
        return flow.listener === listener && flow.transport === transport && (ports[key] ?? flow.port) === port;
      });
    });
  }
});

function portOf(address: unknown): number {
  return (address as { port: number }).port;
}
