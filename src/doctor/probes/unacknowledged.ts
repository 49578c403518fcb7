import { readFile } from "node:fs/promises";
import type { Socket } from "node:net";

/** Sent twice more without an answer: what was only just sent is not taken for lost. */
const REPEATS_MIN = 2;

type ReadText = (path: string) => Promise<string>;

/**
 * Bytes of an established connection that the other end's kernel has not acknowledged though they were sent again and
 * again, after this host's own socket table (tx_queue and retrnsmt of proc(5)); null where that cannot be read, or has no
 * such connection. A kernel acknowledges what comes however busy its programs are: what stays here is lost on the way.
 */
export async function readUnacknowledged(
  { localPort, remotePort, remoteFamily }: Socket,
  readText: ReadText = (path) => readFile(path, "utf8"),
): Promise<number | null> {
  if (localPort === undefined || remotePort === undefined) return null;
  const [local, remote] = [hexOf(localPort), hexOf(remotePort)];
  const table = await readText(`/proc/net/tcp${remoteFamily === "IPv6" ? "6" : ""}`).catch(() => "");
  for (const line of table.split("\n")) {
    const [, own, other, , queues, , repeats] = line.trim().split(/\s+/);
    if (own?.endsWith(local) !== true || other?.endsWith(remote) !== true) continue;
    const [bytes, times] = [Number.parseInt(queues ?? "", 16), Number.parseInt(repeats ?? "", 16)];
    if (!Number.isSafeInteger(bytes) || !Number.isSafeInteger(times)) return null;
    return times < REPEATS_MIN ? 0 : bytes;
  }
  return null;
}

function hexOf(port: number): string {
  return `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
}
