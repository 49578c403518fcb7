import type { Random } from "../runtime/random.ts";
import type { Helper } from "./helper.ts";
import { DOCTOR_LIMITS } from "./limits.ts";
import type { Trial } from "./trial.ts";
import { ATTEMPT_MS, SECRET_BYTES } from "./try-subject.ts";

/** More than the bursts that common limits let through; few enough for a small host. */
const SERIES_LENGTH = 20;
/** Below the second after which a lost SYN is repeated: a loss shall show. */
const SERIES_MS = 900;
/** Some dozens of full packets each way. */
const BULK_BYTES = 200_000;

/**
 * Whether an open way carries bulk and many connections: on one port of a pool, where listeners of the test's own can be
 * opened without anybody noticing.
 */
export async function tryQuality(
  trial: Trial,
  { near, far, random }: { readonly near: Helper; readonly far: Helper | null; readonly random: Random },
): Promise<void> {
  const { subject, address, attempts } = trial;
  const initiator = subject.initiator === "near" ? near : far;
  const listener = subject.initiator === "near" ? far : near;
  const passing = attempts.find(({ code, proof }) => code === "" && proof === "ours");
  if (!subject.isPool || initiator === null || listener === null || passing === undefined) return;
  const { flow, family } = subject;
  const secret = random(SECRET_BYTES);
  const ports = [passing.port];
  const opened = await listener.listen({ transport: "tcp", family, ports, secret, lifeMs: DOCTOR_LIMITS.listenMs });
  if (opened.ports.some(({ code }) => code !== "")) return;
  const order = { flow, address, ports, secret, timeoutMs: ATTEMPT_MS };
  const [bulk, series] = await Promise.all([
    initiator.dial({ ...order, kind: "challenge", times: 1, bulkBytes: BULK_BYTES }),
    initiator.dial({ ...order, kind: "connect", times: SERIES_LENGTH, timeoutMs: SERIES_MS, bulkBytes: 0 }),
  ]);
  const heard = await listener.heard(opened.id);
  // A listener that was not there to the end says nothing about the way.
  if (!bulk.attempts.some(({ proof }) => proof === "ours" || proof === "stalled")) return;
  if (!heard.ports.some(({ accepted }) => accepted > 1)) return;
  trial.bulk = bulk.attempts.some(({ proof }) => proof === "stalled") ? "stalls" : "passes";
  trial.series = series.attempts.map(({ code }) => code === "");
}
