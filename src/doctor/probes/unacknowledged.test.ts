import type { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { readUnacknowledged } from "./unacknowledged.ts";

// A row each as Linux 6.18 writes them: queues tx:rx, then timer, then how often it was sent again.
const HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
const row = (local: string, remote: string, queues: string, repeats: string) =>
  `   0: ${local} ${remote} 01 ${queues} 01:00000064 ${repeats}     0        0 1234 1 0000000000000000 20 4 30 10 -1`;

const socket = (more: Partial<Socket> = {}) =>
  ({ localPort: 40_000, remotePort: 10_000, remoteFamily: "IPv4", ...more }) as Socket;
const read = (rows: readonly string[], more?: Partial<Socket>) =>
  readUnacknowledged(socket(more), async (path) => (path === "/proc/net/tcp" ? [HEAD, ...rows].join("\n") : ""));

describe("what the other kernel has not acknowledged", () => {
  const local = "0A014D0A:9C40"; // Port 40000.
  const remote = "14024D0A:2710"; // Port 10000.

  it("is told in bytes where it was sent again and again", async () => {
    expect(await read([row(local, remote, "000005DC:00000000", "00000003")])).toBe(1_500);
  });

  it("is nothing where it was sent a moment ago", async () => {
    expect(await read([row(local, remote, "000005DC:00000000", "00000001")])).toBe(0);
  });

  it("is nothing where the other kernel has it all, whatever its program did not read", async () => {
    expect(await read([row(local, remote, "00000000:00000000", "00000000")])).toBe(0);
  });

  it("is not known of a connection that is not in the table, nor where there is none", async () => {
    expect(await read([row("0A014D0A:9C41", remote, "000005DC:00000000", "00000003")])).toBeNull();
    expect(await read([row(local, remote, "000005DC:00000000", "00000003")], { remoteFamily: "IPv6" })).toBeNull();
    expect(await readUnacknowledged(socket(), () => Promise.reject(new Error("no /proc")))).toBeNull();
  });
});
