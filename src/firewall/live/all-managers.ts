// All firewall managers of this host as one: what of ours is there, what is wanted where, and how one becomes the other.

import { PeerError } from "../../runtime/errors.ts";
import {
  type FirewallBackend,
  MANAGER_KINDS,
  type Machine,
  type ManagerKind,
  type PersistenceReport,
} from "./backend.ts";
import { type Detection, detectFirewall, isFirewalldRunning } from "./detect.ts";
import { type DifferenceLine, differenceOf } from "./difference.ts";
import { createFirewalldBackend } from "./firewalld.ts";
import { createIptablesBackend } from "./iptables.ts";
import { createNftBackend } from "./nftables.ts";
import type { Opening } from "./opening.ts";
import type { Request, RulesByManager } from "./state-folder.ts";
import { createUfwBackend } from "./ufw.ts";

export interface Plan {
  readonly detection: Detection;
  readonly live: RulesByManager;
  readonly wanted: RulesByManager;
  /** What the manager in charge cannot say, and why it matters or not. */
  readonly leftOut: readonly { readonly opening: Opening; readonly reason: string }[];
  readonly difference: readonly DifferenceLine[];
}

export interface AllManagers {
  detect(): Promise<Detection>;
  plan(request: Request): Promise<Plan>;
  read(): Promise<{ readonly live: RulesByManager; readonly strange: readonly string[] }>;
  converge(rules: RulesByManager): Promise<void>;
  readPermanent(): Promise<RulesByManager>;
  persist(rules: RulesByManager): Promise<PersistenceReport>;
}

/** For one operation: who runs is asked once, since firewalld's command takes a third of a second to say that it does not. */
export function openAllManagers(machine: Machine): AllManagers {
  const backends: Readonly<Record<ManagerKind, FirewallBackend>> = {
    firewalld: createFirewalldBackend(machine),
    ufw: createUfwBackend(machine),
    nftables: createNftBackend(machine),
    iptables: createIptablesBackend(machine),
  };
  let presence: Promise<boolean> | undefined;
  const isFirewalld = () => {
    presence ??= isFirewalldRunning(machine);
    return presence;
  };

  /** Firewalls come and go: one that does not run or is not installed has no rules of ours, and none can be put there. */
  async function each<T>(work: (backend: FirewallBackend) => Promise<T>): Promise<Partial<Record<ManagerKind, T>>> {
    const results: Partial<Record<ManagerKind, T>> = {};
    for (const kind of MANAGER_KINDS) {
      if (kind === "firewalld" && !(await isFirewalld())) continue;
      try {
        results[kind] = await work(backends[kind]);
      } catch (error) {
        if (!(error instanceof PeerError && error.code === "not-installed")) throw error;
      }
    }
    return results;
  }

  async function read() {
    const results = await each((backend) => backend.read());
    const live: RulesByManager = mapValues(results, ({ entries }) => entries);
    return { live, strange: Object.values(results).flatMap(({ strange }) => strange) };
  }

  return {
    detect: async () => detectFirewall(machine, { isFirewalld: await isFirewalld() }),
    async plan({ openings, denying }) {
      const detection = await detectFirewall(machine, { denying, isFirewalld: await isFirewalld() });
      const { live, strange } = await read();
      const wants = await each((backend) => backend.want(openings, detection.places));
      const wanted: RulesByManager = mapValues(wants, ({ entries }) => entries);
      const leftOut = Object.values(wants).flatMap((want) => want.leftOut);
      return { detection, live, wanted, leftOut, difference: differenceOf(live, wanted, strange) };
    },
    read,
    async converge(rules) {
      await each((backend) => backend.converge(rules[backend.kind] ?? []));
    },
    readPermanent: () => each((backend) => backend.readPersistent()),
    async persist(rules) {
      const reports = Object.values(await each((backend) => backend.persist(rules[backend.kind] ?? [])));
      return { done: reports.flatMap(({ done }) => done), missing: reports.flatMap(({ missing }) => missing) };
    },
  };
}

function mapValues<K extends string, A, B>(values: Partial<Record<K, A>>, map: (value: A) => B): Partial<Record<K, B>> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, map(value as A)])) as Partial<
    Record<K, B>
  >;
}
