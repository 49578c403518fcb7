import { ApiError } from "../api/api-error.ts";
import type { Host } from "../model/host.ts";
import type { Connections } from "../net/connections.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Agentless, EnrolmentTokens, HostDirectory } from "./api/needs.ts";
import { decodeTextPosition, encodePosition } from "./api/position.ts";
import { mayBeSubscribed } from "./api-indications.ts";
import type { CertificateList } from "./fleet/certificate-list.ts";
import { type CertificateNames, plainName } from "./fleet/certificate-names.ts";
import type { Enrolment } from "./fleet/enrolment.ts";
import type { HostList, HostRecord } from "./fleet/host-list.ts";
import type { Presence } from "./fleet/presence.ts";
import type { AgentlessWatch } from "./watch/agentless/agentless-watch.ts";
import type { Found } from "./watch/agentless/discovery.ts";
import type { SubscriptionKeeper } from "./watch/subscriptions/subscription-keeper.ts";
import type { ThresholdDesk } from "./watch/threshold-desk.ts";

// The fleet as the API sees it.

/** A host with its state, which presence knows. */
export function toHost({ revokedAtMs, lastSeenAtMs, ...record }: HostRecord, presence: Presence): Host {
  const { state, lastSignAtMs } = presence.of(record.id);
  return { ...record, lastSeenAtMs: lastSignAtMs ?? lastSeenAtMs, state: revokedAtMs === null ? state : "revoked" };
}

export function createHostDirectory({
  hosts,
  presence,
  certificates,
  names,
  connections,
  onRevoked,
  onChanged,
  clock,
}: {
  readonly hosts: HostList;
  readonly presence: Presence;
  readonly certificates: CertificateList;
  readonly names: CertificateNames;
  readonly connections: Connections;
  readonly onRevoked: (hostId: string) => void;
  /** The operator has decided something about it. */
  readonly onChanged: (record: HostRecord) => void;
  readonly clock: Clock;
}): HostDirectory {
  return {
    async list({ limit, after, states, text }) {
      // States are not in the database: ids of hosts in them are.
      const ids = states === undefined ? undefined : presence.idsIn(states);
      const cursor = after === undefined ? undefined : parsePosition(after);
      const records = await hosts.page({
        limit: limit + 1,
        ...(cursor === undefined ? {} : { after: cursor }),
        ...(text === undefined ? {} : { text }),
        ...(ids === undefined ? {} : { ids }),
      });
      const shown = records.slice(0, limit);
      const last = shown.at(-1);
      return {
        items: shown.map((record) => toHost(record, presence)),
        next: records.length > limit && last !== undefined ? encodePosition(`${last.id} ${last.name}`) : null,
      };
    },
    async find(idOrName) {
      const found = await hosts.search(idOrName);
      if (found.length > 1) {
        const names = found.map(({ name, id }) => `${name} (${id})`).join(", ");
        throw new ApiError("ambiguous", `host: ${JSON.stringify(idOrName)} may be any of ${names}`);
      }
      return found[0] === undefined ? undefined : toHost(found[0], presence);
    },
    async change(id, changes) {
      const { name } = changes;
      if (name !== undefined) {
        const taken = (await hosts.search(name)).some((other) => other.name === name && other.id !== id);
        if (taken) return undefined;
      }
      await hosts.change(id, { ...changes, atMs: clock.now() });
      const record = await hosts.find(id);
      if (record !== undefined) onChanged(record);
      return record === undefined ? undefined : toHost(record, presence);
    },
    async names({ id, address }) {
      const given = await names.givenTo(id);
      return { given, signed: await names.toSign({ id, given, address }) };
    },
    async giveNames({ id, name, means }, wanted) {
      if (means !== "agent") {
        throw new ApiError("invalid-request", `host: ${name} has no certificate of ours, because it runs no agent`);
      }
      await names.give(id, await mayBeGiven(names, wanted, id));
    },
    async revoke(id) {
      await certificates.revokeHost(id);
      presence.remove(id);
      connections.closePeer({ kind: "host", hostId: id });
      onRevoked(id);
    },
    countByState: async () => presence.counts(),
  };
}

/** In their one form, without doubles. Throws ApiError for the first that may not be given to the host. */
async function mayBeGiven(
  names: CertificateNames,
  wanted: readonly string[],
  hostId: string | undefined,
): Promise<string[]> {
  const given = new Set<string>();
  for (const name of wanted) {
    const problem = await names.problemOf(name, hostId);
    const plain = plainName(name);
    if (problem !== undefined || plain === undefined) {
      throw new ApiError("invalid-request", `names: ${JSON.stringify(name)} ${problem}: a certificate cannot carry it`);
    }
    given.add(plain);
  }
  return [...given];
}

function parsePosition(after: string): { id: string; name: string } {
  const [id = "", ...name] = decodeTextPosition(after).split(" ");
  return { id, name: name.join(" ") };
}

/** The line that an administrator pastes: the token itself is the secret in it. */
export function createEnrolmentTokens({
  enrolment,
  names,
  validSeconds: usual,
  addresses,
  port,
}: {
  readonly enrolment: Enrolment;
  readonly names: CertificateNames;
  readonly validSeconds: number;
  /** Where hosts reach the agent browser. */
  readonly addresses: readonly string[];
  readonly port: () => number;
}): EnrolmentTokens {
  return {
    async create({ validSeconds = usual, name, certificateNames, by }) {
      const given = await mayBeGiven(names, certificateNames, undefined);
      // The name that the administrator gives a host is one of them, where it can be.
      const isName = name !== undefined && (await names.problemOf(name, undefined)) === undefined;
      const plain = isName ? plainName(name) : undefined;
      const { token, expiresAtMs } = await enrolment.createToken({
        hostName: name ?? null,
        certificateNames: [...new Set([...given, ...(plain === undefined ? [] : [plain])])],
        createdBy: by,
        validSeconds,
        addresses,
        port: port(),
      });
      return { token, line: `rusuban agent enroll ${token} && rusuban agent run`, expiresAtMs };
    },
  };
}

/** Servers without an agent as the API sees them. `describe`: what is to be known of one that has just been added. */
export function createAgentlessDesk(
  watch: Pick<AgentlessWatch, "add" | "check">,
  {
    describe,
    discover,
    namesByAddress,
    subscriptions,
    thresholds,
  }: {
    readonly describe: (hostId: string) => Promise<Host | undefined>;
    readonly discover: (addresses: readonly string[]) => Promise<Found[]>;
    /** The hosts that are minded, by their addresses. */
    readonly namesByAddress: () => Promise<ReadonlyMap<string, string>>;
    /** Undefined where the manager may not subscribe. */
    readonly subscriptions: Pick<SubscriptionKeeper, "add" | "look" | "of"> | undefined;
    readonly thresholds: ThresholdDesk;
  },
): Agentless {
  return {
    async discover(addresses) {
      const [found, names] = await Promise.all([discover(addresses), namesByAddress()]);
      return found.map((one) => ({ ...one, hostName: names.get(one.address) ?? null }));
    },
    async add(order, { indications }) {
      if (indications) mayBeSubscribed(order.means, subscriptions !== undefined);
      const target = await watch.add(order);
      if (target === undefined) return undefined;
      if (indications) await subscriptions?.add(target);
      return describe(target.hostId);
    },
    async check(hostId) {
      const [steps, subscription] = await Promise.all([watch.check(hostId), subscriptions?.look(hostId)]);
      if (steps === undefined || subscription === undefined) return steps;
      const { state, reason } = subscription;
      const passed = state === "waiting" ? null : state === "kept";
      return [
        ...steps,
        { step: "subscription", passed, what: state === "kept" ? "in place" : reason || "not tried yet" },
      ];
    },
    thresholds: (hostId) => thresholds.of(hostId),
    setThresholds: (hostId, own) => thresholds.set(hostId, own),
    subscriptionOf: (hostId) => subscriptions?.of(hostId),
  };
}
