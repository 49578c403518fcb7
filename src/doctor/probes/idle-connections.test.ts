import { connect, createServer, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../runtime/clock.ts";
import { systemRandom } from "../../runtime/random.ts";
import { DOCTOR_LIMITS } from "../limits.ts";
import { MAGIC, RANDOM_BYTES } from "./challenge.ts";
import { leaveIdle } from "./idle-connections.ts";
import { openTemporaryListeners } from "./temporary-listener.ts";

const SECRET = systemRandom(32);
const undo: (() => void)[] = [];
afterEach(() => {
  for (const one of undo.splice(0)) one();
});

/** A listener for idle connections, and before it a box that ends those which `cuts` names by their announced bytes. */
async function listenBehindBox(cuts: (bulkBytes: number) => boolean): Promise<number> {
  const port = await freePort();
  const listeners = await openTemporaryListeners(
    { transport: "tcp", family: "ipv4", ports: [port], secret: SECRET, lifeMs: 30_000 },
    systemClock,
    { lifeMs: DOCTOR_LIMITS.holdMs, connectionMs: 30_000, provenMax: DOCTOR_LIMITS.heldConnections },
  );
  undo.push(listeners.close);
  const sockets = new Set<Socket>();
  const box = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    for (const socket of [near, far]) sockets.add(socket.on("error", () => {}));
    let isCut: boolean | undefined;
    near.on("data", (chunk) => {
      if (isCut === true) return void near.destroy();
      isCut ??= cuts(chunk.readUInt32BE(MAGIC.length + RANDOM_BYTES));
      far.write(chunk);
    });
    far.on("data", (chunk) => near.write(chunk));
    near.on("close", () => far.destroy());
  });
  undo.push(() => {
    box.close();
    for (const socket of sockets) socket.destroy();
  });
  // A proof holds for one port only: the box has the same one, in the other family.
  await new Promise<void>((resolve) => box.listen({ port, host: "::1" }, resolve));
  return port;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

function leave(port: number, signal = new AbortController().signal, secret = SECRET) {
  const target = { flow: "backup-data", address: "::1", port, timeoutMs: 2_000 };
  return leaveIdle({ target, secret, seconds: 0.05 }, { clock: systemClock, random: systemRandom, signal });
}

describe("connections that are left idle", () => {
  it("live where nothing cuts them, and the listener takes no more once they are there", async () => {
    const port = await listenBehindBox(() => false);
    expect(await leave(port)).toEqual({ shortLives: true, longLives: true });
    const refused = await new Promise<string>((resolve) => {
      connect(port, "127.0.0.1").on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? ""));
    });
    expect(refused).toBe("ECONNREFUSED");
  });

  it("are told to be cut where the busy one lives on", async () => {
    const port = await listenBehindBox((bulkBytes) => bulkBytes === 1);
    expect(await leave(port)).toEqual({ shortLives: false, longLives: false });
  });

  it("say nothing where the busy one ended as well", async () => {
    const port = await listenBehindBox(() => true);
    expect(await leave(port)).toBeNull();
  });

  it("say nothing to whoever does not know the secret, where nobody listens, or once they are given up", async () => {
    const port = await listenBehindBox(() => false);
    expect(await leave(port, undefined, systemRandom(32))).toBeNull();
    expect(await leave(await freePort())).toBeNull();
    const again = await listenBehindBox(() => false);
    expect(await leave(again, AbortSignal.abort())).toBeNull();
  });
});
