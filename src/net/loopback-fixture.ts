// What the tests of this folder share: an authority in a directory of its own, identities that it issues, and a log that
// can be read. Never used outside tests.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Clock, systemClock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import { systemRandom } from "../runtime/random.ts";
import { type Authority, openAuthority } from "./authority.ts";
import { createKeyAndRequest, Identity } from "./identity.ts";
import type { KnownPeer } from "./peer.ts";

export const MANAGER: KnownPeer = { kind: "manager", id: "m1" };
export const WEB1: KnownPeer = { kind: "host", hostId: "web1" };
export const WEB2: KnownPeer = { kind: "host", hostId: "web2" };
export const JO: KnownPeer = { kind: "administrator", name: "jo@example.org" };

export const DAY_MS = 24 * 60 * 60 * 1_000;

/** A clock that stands `byMs` beside the system's: certificates are then expired, or not yet valid. */
export function shiftedClock(byMs: number): Clock {
  return { ...systemClock, now: () => systemClock.now() + byMs };
}

export interface TestAuthority extends Authority {
  readonly directory: string;
  /** An identity issued by a manager whose clock is `shiftMs` off. */
  identify(peer: KnownPeer, options?: { shiftMs?: number; validDays?: number; names?: string[] }): Promise<Identity>;
  remove(): Promise<void>;
}

export async function createTestAuthority(): Promise<TestAuthority> {
  const directory = await mkdtemp(join(tmpdir(), "rusuban-net-"));
  const authority = await openAuthority({ directory, clock: systemClock, random: systemRandom });
  return {
    ...authority,
    directory,
    async identify(peer, { shiftMs = 0, validDays = 30, names = [] } = {}) {
      const issuer = await openAuthority({ directory, clock: shiftedClock(shiftMs), random: systemRandom });
      const { key, request } = createKeyAndRequest();
      const { certificate } = await issuer.issue({ peer, key: { request }, validDays, names });
      return new Identity({ key, certificate, authority: authority.certificate });
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

/** A log that keeps its lines: "warn managerReport: refused …". */
export function createReadableLog(): Log & { readonly lines: string[]; until(part: string): Promise<string> } {
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  const write = (level: string) => (values: object, sentence: string) => {
    lines.push(`${level} ${sentence} ${JSON.stringify(values)}`);
    for (const look of waiting) look();
  };
  return {
    lines,
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
    child() {
      return this;
    },
    until: (part) =>
      new Promise((resolve) => {
        const look = () => {
          const line = lines.find((candidate) => candidate.includes(part));
          if (line === undefined) return;
          waiting.delete(look);
          resolve(line);
        };
        waiting.add(look);
        look();
      }),
  };
}
