import { dialTls } from "../../net/dial.ts";
import type { Identity } from "../../net/identity.ts";
import { flowName, flowOf } from "../../ports/port-map.ts";
import { NDMP_RECORD_BYTES_MAX } from "../../protocols/ndmp/connection.ts";
import { openRecordChannel } from "../../protocols/record-channel.ts";
import type { Clock } from "../../runtime/clock.ts";
import { ConnectError, reasonOf } from "../../runtime/errors.ts";
import type { Channel } from "../../wire/channel.ts";
import type { HostList } from "./host-list.ts";

// The manager's way to its agents: the backup control flow, at the address and port by which each was last seen.

export interface ControlLink {
  /** A channel to the host's agent, which has proved who it is. Rejects with ConnectError naming the flow. */
  connect(hostId: string, signal?: AbortSignal): Promise<Channel>;
  /** Whether the agent's control port greets a manager, and if not, why. */
  knock(hostId: string): Promise<{ readonly open: boolean; readonly reason: string }>;
}

const CONNECT_TIMEOUT_MS = 20_000;
/** A job is polled every half minute: silence of two is a line that is dead. */
const IDLE_TIMEOUT_MS = 120_000;

export function createControlLink({
  hosts,
  identity,
  greet,
  clock,
}: {
  readonly hosts: Pick<HostList, "find">;
  readonly identity: () => Identity;
  /** Opens the protocol on a channel and closes it again. */
  readonly greet: (channel: Channel) => Promise<void>;
  readonly clock: Clock;
}): ControlLink {
  const connect = async (hostId: string, signal?: AbortSignal): Promise<Channel> => {
    const host = await hosts.find(hostId);
    const port = host?.ports.backupControl ?? flowOf("backupControl").port ?? 0;
    const destination = { flow: flowName("backupControl"), host: host?.address ?? "unknown", port };
    if (host === undefined || host.revokedAtMs !== null)
      throw new ConnectError(destination, "ENOHOST", "the host was removed");
    const own = identity();
    const { socket } = await dialTls({
      ...destination,
      identity: own,
      trust: { authority: own.authority },
      expect: { kind: "host", id: hostId },
      timeoutMs: CONNECT_TIMEOUT_MS,
      signal,
      clock,
    });
    return openRecordChannel(socket, {
      destination,
      recordBytesMax: NDMP_RECORD_BYTES_MAX,
      idleTimeoutMs: IDLE_TIMEOUT_MS,
      clock,
    });
  };
  return {
    connect,
    async knock(hostId) {
      try {
        await greet(await connect(hostId));
        return { open: true, reason: "answers" };
      } catch (error) {
        return { open: false, reason: reasonOf(error) };
      }
    },
  };
}
