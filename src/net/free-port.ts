import { createSocket } from "node:dgram";
import { createServer } from "node:net";

/** Takes a port of the system's choice and holds it until `release`. */
async function holdPort(
  host: string,
  transport: "tcp" | "udp",
): Promise<{ port: number; release: () => Promise<void> }> {
  if (transport === "tcp") {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host, port: 0, exclusive: true }, resolve);
    });
    const address = server.address();
    if (typeof address !== "object" || address === null) throw new Error("a TCP server has an address");
    return { port: address.port, release: () => new Promise((resolve) => server.close(() => resolve())) };
  }
  const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.bind({ address: host, port: 0, exclusive: true }, resolve);
  });
  return { port: socket.address().port, release: () => new Promise((resolve) => socket.close(resolve)) };
}

/**
 * As many different ports as asked for that nobody had on `host` a moment ago. Another program may be quicker: whoever
 * listens must still handle a taken port.
 */
export async function findFreePorts({
  host,
  count,
  transport = "tcp",
}: {
  host: string;
  count: number;
  transport?: "tcp" | "udp";
}): Promise<readonly number[]> {
  const held: Awaited<ReturnType<typeof holdPort>>[] = [];
  try {
    // All are held until the last is found, so that no two are the same.
    while (held.length < count) held.push(await holdPort(host, transport));
    return held.map(({ port }) => port);
  } finally {
    await Promise.all(held.map(({ release }) => release()));
  }
}

/** One such port. */
export async function findFreePort(options: { host: string; transport?: "tcp" | "udp" }): Promise<number> {
  const [port] = await findFreePorts({ ...options, count: 1 });
  if (port === undefined) throw new Error("one port was asked for and found");
  return port;
}
