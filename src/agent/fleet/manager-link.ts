import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { dialTls } from "../../net/dial.ts";
import type { Identity } from "../../net/identity.ts";
import { writePrivateFile } from "../../net/private-file.ts";
import { type FlowKey, flowName, flowOf } from "../../ports/port-map.ts";
import { openRecordChannel } from "../../protocols/record-channel.ts";
import type { Clock } from "../../runtime/clock.ts";
import { ConnectError, CorruptionError, codeOf } from "../../runtime/errors.ts";
import type { Channel } from "../../wire/channel.ts";

// What an agent knows of its manager, and how it gets there. Learnt at enrolment, renewed with every advertisement.

export interface ManagerFacts {
  readonly managerId: string;
  /** Names and addresses, in the order in which they are tried. */
  readonly addresses: readonly string[];
  /** Ports that differ from the map's. */
  readonly ports: Readonly<Record<string, number>>;
}

const FILE = "manager.json";

/** Undefined before enrolment. */
export async function loadManagerFacts(directory: string): Promise<ManagerFacts | undefined> {
  const path = join(directory, FILE);
  try {
    const { managerId, addresses, ports } = JSON.parse(await readFile(path, "utf8")) as ManagerFacts;
    if (typeof managerId !== "string" || !Array.isArray(addresses) || typeof ports !== "object")
      throw new Error("fields are missing");
    return { managerId, addresses, ports };
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw new CorruptionError(path, `${error instanceof Error ? error.message : error}: enrol this host again`);
  }
}

export async function storeManagerFacts(directory: string, facts: ManagerFacts): Promise<void> {
  await writePrivateFile(join(directory, FILE), `${JSON.stringify(facts, null, 2)}\n`, "always");
}

/** Opens channels to the manager, at whichever of its addresses answers. */
export class ManagerLink {
  #facts: ManagerFacts;
  readonly #identity: () => Identity;
  readonly #clock: Clock;
  /** The address that worked last is tried first. */
  #preferred = 0;

  constructor({ facts, identity, clock }: { facts: ManagerFacts; identity: () => Identity; clock: Clock }) {
    this.#facts = facts;
    this.#identity = identity;
    this.#clock = clock;
  }

  get facts(): ManagerFacts {
    return this.#facts;
  }

  update(facts: ManagerFacts): void {
    this.#facts = facts;
    this.#preferred = 0;
  }

  /** Where a flow of the manager is. */
  portOf(flow: FlowKey): number {
    const port = this.#facts.ports[flow] ?? flowOf(flow).port;
    if (port === null) throw new Error(`${flow} has no single port`);
    return port;
  }

  /** Throws ConnectError for the last address where none answers. */
  async connect(
    flow: FlowKey,
    bounds: {
      readonly recordBytesMax: number;
      readonly idleTimeoutMs: number;
      readonly timeoutMs: number;
      readonly signal?: AbortSignal;
    },
  ): Promise<Channel> {
    const { addresses, managerId } = this.#facts;
    const identity = this.#identity();
    const nowhere = { flow: flowName(flow), host: "?", port: this.portOf(flow) };
    // Told is the first failure: it is the address that is meant, the rest are ways around it.
    let failure: ConnectError | undefined;
    for (let turn = 0; turn < addresses.length; turn++) {
      const index = (this.#preferred + turn) % addresses.length;
      const destination = { flow: flowName(flow), host: addresses[index] as string, port: this.portOf(flow) };
      try {
        const { socket } = await dialTls({
          ...destination,
          identity,
          trust: { authority: identity.authority },
          expect: { kind: "manager", id: managerId },
          timeoutMs: bounds.timeoutMs,
          signal: bounds.signal,
          clock: this.#clock,
        });
        this.#preferred = index;
        return openRecordChannel(socket, { destination, clock: this.#clock, ...bounds });
      } catch (error) {
        if (!(error instanceof ConnectError)) throw error;
        failure ??= error;
      }
    }
    throw failure ?? new ConnectError(nowhere, "ENOADDRESS", "the manager has no address");
  }
}
