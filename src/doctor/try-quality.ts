import type { Random } from "../runtime/random.ts";
import type { Evidence, Proof } from "./evidence.ts";
import type { DialOrder, Helper } from "./helper.ts";
import { DOCTOR_LIMITS } from "./limits.ts";
import type { TimeLeft } from "./time-left.ts";
import type { Trial } from "./trial.ts";
import { ATTEMPT_MS, SECRET_BYTES } from "./try-subject.ts";

/** More than the bursts that common limits let through; few enough for a small host. */
const SERIES_LENGTH = 20;
/** Below the second after which a lost SYN is repeated: a loss shall show. */
const SERIES_MS = 900;
/** Some dozens of full packets each way. */
const BULK_BYTES = 200_000;
/** Below every receive window: a kernel acknowledges so many whatever its programs do. Eleven full packets. */
const AGAIN_BYTES = 16_000;
/** A millisecond's work: who has not done it by then is busy, and not slow. */
const AGAIN_MS = 3_000;

/**
 * Whether an open way carries bulk and many connections: on one port of a pool, where listeners of the test's own can be
 * opened without anybody noticing.
 */
export async function tryQuality(
  trial: Trial,
  {
    near,
    far,
    random,
    hasTimeFor,
  }: { readonly near: Helper; readonly far: Helper | null; readonly random: Random; readonly hasTimeFor: TimeLeft },
): Promise<void> {
  const { subject, address, attempts } = trial;
  const initiator = subject.initiator === "near" ? near : far;
  const listener = subject.initiator === "near" ? far : near;
  const passing = attempts.find(({ code, proof }) => code === "" && proof === "ours");
  if (!subject.isPool || initiator === null || listener === null || passing === undefined) return;
  if (!hasTimeFor(ATTEMPT_MS)) return;
  const { flow, family } = subject;
  const secret = random(SECRET_BYTES);
  const ports = [passing.port];
  const opened = await listener.listen({ transport: "tcp", family, ports, secret, lifeMs: DOCTOR_LIMITS.listenMs });
  if (opened.ports.some(({ code }) => code !== "")) return;
  const order = { flow, address, ports, secret, timeoutMs: ATTEMPT_MS };
  const [large, series] = await Promise.all([
    tryBulk(initiator, order, hasTimeFor),
    initiator.dial({ ...order, kind: "connect", times: SERIES_LENGTH, timeoutMs: SERIES_MS, bulkBytes: 0 }),
  ]);
  const heard = await listener.heard(opened.id);
  if (!LARGE.has(large.proof)) return;
  trial.bulk = large.bulk;
  // A listener that was not there to the end says nothing about a series.
  if (!heard.ports.some(({ accepted }) => accepted > 1)) return;
  trial.series = series.attempts.map(({ code }) => code === "");
}

const LARGE: ReadonlySet<Proof> = new Set(["ours", "stalled", "unfinished"]);

/**
 * A busy computer takes its time for bulk, too. What has not passed is tried once more, less of it and for longer: only
 * where both times the small hello came and the large did not even reach the other kernel it is the line.
 */
async function tryBulk(
  initiator: Helper,
  order: Omit<DialOrder, "kind" | "times" | "bulkBytes">,
  hasTimeFor: TimeLeft,
): Promise<{ readonly proof: Proof; readonly bulk: Evidence["bulk"] }> {
  const dial = async (bulkBytes: number, timeoutMs: number) => {
    const { attempts } = await initiator.dial({ ...order, kind: "challenge", times: 1, bulkBytes, timeoutMs });
    return attempts[0]?.proof ?? "none";
  };
  const first = await dial(BULK_BYTES, order.timeoutMs);
  if (first === "ours") return { proof: first, bulk: "passes" };
  const again = hasTimeFor(AGAIN_MS) ? await dial(AGAIN_BYTES, AGAIN_MS) : "none";
  if (again === "ours") return { proof: again, bulk: "passes" };
  if (first === "stalled" && again === "stalled") return { proof: again, bulk: "stalls" };
  const seen = [again, first].find((proof) => LARGE.has(proof));
  return seen === undefined ? { proof: first, bulk: "untried" } : { proof: seen, bulk: "unreturned" };
}
