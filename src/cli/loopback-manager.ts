// The manager in memory behind a real listener with real certificates, and the data folder that leads to it. For tests.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { Connections } from "../net/connections.ts";
import { createHttpsListener } from "../net/https-listen.ts";
import type { Identity } from "../net/identity.ts";
import { createReadableLog, createTestAuthority, MANAGER, type TestAuthority } from "../net/loopback-fixture.ts";
import { idOfPeer } from "../net/peer.ts";
import { writePrivateFile } from "../net/private-file.ts";
import { systemClock } from "../runtime/clock.ts";
import { createMemoryManager, type MemoryManager } from "./memory-manager.ts";

export const ADMINISTRATOR = { kind: "administrator", name: "local" } as const;
const HOST = "127.0.0.1";

export interface LoopbackManager {
  readonly manager: MemoryManager;
  readonly authority: TestAuthority;
  readonly dataDirectory: string;
  readonly port: number;
  /** Writes what `rusuban manager init` writes. */
  writeFolder(differing?: { identity?: Identity; port?: number; managerId?: string }): Promise<void>;
  /** Stops listening; the folder stays. */
  stop(): Promise<void>;
  remove(): Promise<void>;
}

export async function openLoopbackManager(): Promise<LoopbackManager> {
  const manager = createMemoryManager();
  const authority = await createTestAuthority();
  const dataDirectory = await mkdtemp(join(tmpdir(), "rusuban-cli-"));
  const administrator = await authority.identify(ADMINISTRATOR);
  const listener = createHttpsListener({
    flow: "administration",
    host: HOST,
    port: 0,
    identity: await authority.identify(MANAGER, { names: [HOST] }),
    allow: ["administrator"],
    isRevoked: () => false,
    connections: new Connections(),
    log: createReadableLog(),
    clock: systemClock,
  });
  listener.serverFactory((request, response) => void answer(manager, request, response));
  await listener.start();
  const { port } = listener;
  return {
    manager,
    authority,
    dataDirectory,
    port,
    async writeFolder({ identity = administrator, port: toldPort = port, managerId = idOfPeer(MANAGER) } = {}) {
      const directory = join(dataDirectory, "administrator");
      await writePrivateFile(join(directory, "identity.pem"), identity.toFile(), "always");
      await writeFile(join(directory, "manager.json"), JSON.stringify({ address: HOST, port: toldPort, managerId }));
    },
    stop: () => listener.stop(),
    async remove() {
      await listener.stop();
      await Promise.all([authority.remove(), rm(dataDirectory, { recursive: true, force: true })]);
    },
  };
}

async function answer(manager: MemoryManager, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece);
  const left = new AbortController();
  response.on("close", () => left.abort());
  const { status, body } = await manager.transport({
    method: request.method as "GET",
    path: request.url ?? "/",
    headers: { accept: request.headers.accept ?? "" },
    body: pieces.length === 0 ? undefined : Buffer.concat(pieces).toString(),
    signal: left.signal,
  });
  response.writeHead(status, { "content-type": "application/json" });
  response.flushHeaders();
  await pipeline(body, response).catch(() => response.destroy());
}
