import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import type { SystemPorts } from "../ports/ephemeral-ports.ts";
import { FLOW_KEYS, flowOf } from "../ports/port-map.ts";
import { codeOf } from "../runtime/errors.ts";
import type { Random } from "../runtime/random.ts";

/** Takes a port, 0 for one of the system's choice, and holds it until `release`. */
async function holdPort({
  host,
  transport,
  port,
}: {
  host: string;
  transport: "tcp" | "udp";
  port: number;
}): Promise<{ port: number; release: () => Promise<void> }> {
  if (transport === "tcp") {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host, port, exclusive: true }, resolve);
    });
    const address = server.address();
    if (typeof address !== "object" || address === null) throw new Error("a TCP server has an address");
    return { port: address.port, release: () => new Promise((resolve) => server.close(() => resolve())) };
  }
  const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.bind({ address: host, port, exclusive: true }, resolve);
  });
  return { port: socket.address().port, release: () => new Promise((resolve) => socket.close(resolve)) };
}

/**
 * As many different ports as asked for that nobody had on `host` a moment ago. Another program may be quicker: whoever
 * listens must still handle a taken port. `propose` names a candidate at a time (0: the system's choice, which is one of
 * the ephemeral ports); a taken one costs a try.
 */
export async function findFreePorts({
  host,
  count,
  transport = "tcp",
  propose = () => 0,
}: {
  host: string;
  count: number;
  transport?: "tcp" | "udp";
  propose?: () => number;
}): Promise<readonly number[]> {
  const held: Awaited<ReturnType<typeof holdPort>>[] = [];
  try {
    // All are held until the last is found, so that no two are the same.
    for (let tries = 0; held.length < count; tries++) {
      try {
        held.push(await holdPort({ host, transport, port: tries < PROPOSALS_MAX ? propose() : 0 }));
      } catch (error) {
        if (codeOf(error) !== "EADDRINUSE") throw error;
      }
    }
    return held.map(({ port }) => port);
  } finally {
    await Promise.all(held.map(({ release }) => release()));
  }
}

/** After so many the machine is too full for proposals. */
const PROPOSALS_MAX = 200;

/**
 * Proposes ports that stay free: not those that the system gives to outgoing connections, one of which may have a port
 * just when its listener starts again, and none of the port map. The system's choice where its range is not known.
 */
export function proposeLastingPorts(system: SystemPorts, random: Random): () => number {
  if (system.kind === "unknown") return () => 0;
  const { from, to } = system.ephemeral;
  const candidates = { from: LASTING_FROM, count: Math.min(from, PORT_COUNT) - LASTING_FROM };
  if (candidates.count < CANDIDATES_MIN) Object.assign(candidates, { from: to + 1, count: PORT_COUNT - to - 1 });
  if (candidates.count < CANDIDATES_MIN) return () => 0;
  const declared = FLOW_KEYS.map(flowOf).flatMap(
    ({ port, range }) => range ?? (port === null ? [] : { from: port, to: port }),
  );
  return () => {
    for (;;) {
      const port = candidates.from + (random(4).readUInt32BE() % candidates.count);
      if (!declared.some((taken) => taken.from <= port && port <= taken.to)) return port;
    }
  };
}

const LASTING_FROM = 1024 * 10; // Below are the ports that other products are known by.
const PORT_COUNT = 2 ** 16;
const CANDIDATES_MIN = 2_000;

/** One such port. */
export async function findFreePort(options: { host: string; transport?: "tcp" | "udp" }): Promise<number> {
  const [port] = await findFreePorts({ ...options, count: 1 });
  if (port === undefined) throw new Error("one port was asked for and found");
  return port;
}
