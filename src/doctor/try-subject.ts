import type { Random } from "../runtime/random.ts";
import type { Attempt, Proof } from "./evidence.ts";
import type { Sights } from "./examination.ts";
import type { DialKind, Dialled, DialOrder, Helper } from "./helper.ts";
import { DOCTOR_LIMITS } from "./limits.ts";
import type { TimeLeft } from "./time-left.ts";
import type { Trial } from "./trial.ts";

/** Above the second after which IPv6 shows a refusal (measured: with the first repeated SYN), below a person's patience. */
export const ATTEMPT_MS = 2_000;
/** Long enough for a SYN and the one that is repeated after a second. */
const AGAIN_MS = 1_200;
/** What connects and is silent is tried once more for longer: slow shall not pass for broken. */
const MUTE_AGAIN_MS = 3_000;
export const SECRET_BYTES = 32;
const DATAGRAMS_MAX = 10;

interface Needs {
  readonly near: Helper;
  readonly far: Helper | null;
  readonly sights: Sights;
  readonly random: Random;
  readonly hasTimeFor: TimeLeft;
}

/** Tries a subject the way its flow is used: our TLS where our program listens, a listener of the test's own where nobody does. */
export async function trySubject(trial: Trial, needs: Needs): Promise<void> {
  const { subject } = trial;
  const initiator = subject.initiator === "near" ? needs.near : needs.far;
  const listener = subject.initiator === "near" ? needs.far : needs.near;
  if (initiator === null) return;
  if (subject.transport === "icmp") {
    await tryAddresses(trial, initiator, "ping", {});
    return;
  }
  const free = freePorts(trial, needs.sights);
  if (subject.transport === "udp") {
    // What a listener of somebody else's protocol makes of datagrams of ours is nobody's business: only free ports.
    if (listener !== null && free.length > 0) await tryListeners(trial, { initiator, listener, ports: free, needs });
    return;
  }
  const own = subject.ports.filter((port) => !free.includes(port));
  if (listener !== null && free.length > 0) await tryListeners(trial, { initiator, listener, ports: free, needs });
  if (own.length === 0 || subject.isPool) return;
  const before = trial.attempts;
  await tryAddresses(trial, initiator, "tls", { ports: own });
  await tryAgain(trial, initiator, { kind: "tls", needs });
  trial.attempts = [...before, ...trial.attempts];
}

/** Ports on which nobody listens, as far as the listener's own table says. */
function freePorts({ subject }: Trial, { near, far }: Sights): number[] {
  const table = (subject.initiator === "near" ? far : near)?.sockets;
  if (table === null || table === undefined) return subject.isPool ? [...subject.ports] : [];
  return subject.ports.filter((port) => !table.some((socket) => socket.port === port));
}

async function tryListeners(
  trial: Trial,
  {
    initiator,
    listener,
    ports,
    needs,
  }: { initiator: Helper; listener: Helper; ports: readonly number[]; needs: Needs },
): Promise<void> {
  const { family, transport } = trial.subject;
  const secret = needs.random(SECRET_BYTES);
  const isUdp = transport === "udp";
  const opened = await listener.listen({
    transport: isUdp ? "udp" : "tcp",
    family,
    ports,
    secret,
    lifeMs: DOCTOR_LIMITS.listenMs,
  });
  const usable = opened.ports.filter(({ code }) => code === "").map(({ port }) => port);
  let answered = 0;
  if (usable.length > 0) {
    const kind = isUdp ? "datagrams" : "challenge";
    const dialled = await tryAddresses(trial, initiator, kind, {
      ports: usable,
      secret,
      times: isUdp ? DATAGRAMS_MAX : 1,
    });
    answered = dialled.answered;
    await tryAgain(trial, initiator, { kind, secret, needs });
  }
  const heard = await listener.heard(opened.id);
  if (usable.length > 0 && heard.ports.length === 0) {
    trial.attempts = []; // Without the listener's word nobody knows who answered.
    return;
  }
  trial.temporary = heard.ports.length > 0 ? heard.ports : opened.ports;
  trial.sawFrom = [...new Set([...trial.sawFrom, ...heard.provenFrom])];
  if (isUdp) trial.datagrams = { sent: DATAGRAMS_MAX * usable.length, received: heard.datagrams.length, answered };
}

/**
 * What may have been slow, or lost by chance, is tried once more: what connected and said nothing; and of a pool the ports
 * that failed while others passed, because a hole stays one and a lost packet does not come twice. Both tries are kept.
 * What is silent altogether, and pings, are tried again when they are counted.
 */
async function tryAgain(
  trial: Trial,
  initiator: Helper,
  {
    kind,
    secret = Buffer.alloc(0),
    needs,
  }: { readonly kind: DialKind; readonly secret?: Buffer; readonly needs: Needs },
): Promise<void> {
  const { subject, address, attempts } = trial;
  const failed = attempts.filter((attempt) => !isRight(attempt));
  const mute = failed.filter(isMute);
  const isPartly = failed.length > 0 && failed.length < attempts.length;
  const again = isPartly ? failed : mute;
  const timeoutMs = mute.length > 0 ? MUTE_AGAIN_MS : AGAIN_MS;
  if (kind === "datagrams" || again.length === 0 || !needs.hasTimeFor(timeoutMs)) return;
  const { attempts: second } = await initiator.dial({
    kind,
    flow: subject.flow,
    address,
    ports: again.map(({ port }) => port),
    times: 1,
    timeoutMs,
    secret,
    bulkBytes: 0,
  });
  trial.attempts = [...attempts, ...second];
}

const MUTE: ReadonlySet<Proof> = new Set(["silent", "lost", "unheard", "closed"]);

/** Ended during the handshake counts as well: a listener with too many at once closes some. */
function isMute({ code, proof }: Attempt): boolean {
  return code === "" && MUTE.has(proof);
}

/** Tries the listener's addresses until one is right; keeps the first one's result where none is. */
async function tryAddresses(
  trial: Trial,
  initiator: Helper,
  kind: DialKind,
  options: Partial<DialOrder>,
): Promise<Dialled> {
  const { flow, addresses, unknownAddresses } = trial.subject;
  const results = await Promise.all(
    [...addresses, ...unknownAddresses].map(async (address) => {
      const order: DialOrder = {
        kind,
        flow,
        address,
        ports: [],
        times: 1,
        timeoutMs: ATTEMPT_MS,
        secret: Buffer.alloc(0),
        bulkBytes: 0,
        ...options,
      };
      return { address, dialled: await initiator.dial(order) };
    }),
  );
  const [first] = results;
  const right = results.filter(({ dialled }) => dialled.attempts.some(isRight));
  const best = right.find(({ address }) => addresses.includes(address)) ?? first;
  trial.answersAt = right.find(({ address }) => unknownAddresses.includes(address))?.address ?? "";
  if (best === undefined) throw new Error("assertion failed: a subject has an address");
  trial.address = best.address;
  trial.attempts = best.dialled.attempts;
  trial.way = best.dialled.way;
  return best.dialled;
}

function isRight({ code, proof }: Attempt): boolean {
  return code === "" && (proof === "ours" || proof === "none");
}
