import { CimError } from "../../cim/cim-error.ts";
import type { CimInstance } from "../../cim/cim-instance.ts";
import { ConnectError, PeerError, reasonOf, WireError } from "../../runtime/errors.ts";
import { cimErrorOf, type ExchangeTarget, exchange } from "./exchange.ts";
import type { ExportResponse, Message } from "./message-elements.ts";

/** What became of one indication. `retry`: it was not taken, and the same one may be taken later. */
export type Delivery =
  | { readonly delivered: true }
  | {
      readonly delivered: false;
      readonly retry: boolean;
      readonly reason: string;
      /** Nothing is wrong with this one: the listener wants each by itself. */
      readonly wantsSingles?: true;
    };

/**
 * Sends indications to a listener and waits for its answer (DSP0200 §5.5): one as ExportIndication, several as a batch of
 * them (§6.3.8), which not every listener takes. One delivery for each, in their order.
 */
export async function exportIndications(
  target: ExchangeTarget,
  indications: readonly CimInstance[],
  options: { readonly signal?: AbortSignal; readonly timeoutMs?: number } = {},
): Promise<readonly Delivery[]> {
  const requests = indications.map((indication) => ({
    name: "ExportIndication",
    parameters: [{ name: "NewIndication", value: indication.withPath(null) }],
  }));
  const [only] = requests;
  if (only === undefined) return [];
  const isBatch = requests.length > 1;
  try {
    const body = await exchange(target, {
      family: "export",
      ...(isBatch
        ? { body: { kind: "exportRequests", value: requests } }
        : { method: "ExportIndication", body: { kind: "exportRequest", value: only } }),
      // Its sequence number makes a second one harmless.
      isRepeatable: true,
      ...options,
    });
    return answersOf(body, requests.length).map(({ error }) =>
      error === undefined ? { delivered: true } : failed(cimErrorOf(error)),
    );
  } catch (error) {
    return requests.map(() => (isBatch ? failedBatch(error) : failed(error)));
  }
}

function answersOf(body: Message["body"], count: number): readonly ExportResponse[] {
  if (count === 1 && body.kind === "exportResponse") return [body.value];
  if (count > 1 && body.kind === "exportResponses" && body.value.length === count) return body.value;
  throw new WireError("MESSAGE", `no answers to ${count} ExportIndication in it`);
}

function failed(error: unknown): Delivery {
  if (isTakenByOpenwsman(error)) return { delivered: true };
  if (error instanceof CimError || error instanceof PeerError || error instanceof ConnectError)
    return { delivered: false, retry: !isFinal(error), reason: error.message };
  // An answer that cannot be read: whether it was taken is not known, and twice is better than never.
  if (error instanceof WireError) return { delivered: false, retry: true, reason: error.message };
  return { delivered: false, retry: true, reason: reasonOf(error) };
}

/** Of a batch nobody knows which of it was meant, or taken: each is told again. */
function failedBatch(error: unknown): Delivery {
  const wantsSingles =
    error instanceof WireError || isTakenByOpenwsman(error) || (error instanceof PeerError && isFinal(error));
  return { delivered: false, retry: true, reason: reasonOf(error), ...(wantsSingles ? { wantsSingles } : {}) };
}

/**
 * openwsman takes an indication and then answers `HTTP/1.1 0 (null)`, which is no HTTP; what it refuses it refuses with a
 * status. Taken as a failure, the same indication would be sent to it for ever, and none behind it.
 */
function isTakenByOpenwsman(error: unknown): boolean {
  if (!(error instanceof ConnectError) || error.code !== "HPE_INVALID_STATUS") return false;
  const { cause } = error;
  const packet = cause instanceof Error && "rawPacket" in cause ? cause.rawPacket : undefined;
  return Buffer.isBuffer(packet) && /^HTTP\/1\.1 0 /.test(packet.subarray(0, 16).toString("latin1"));
}

/** What will be answered the same way however often it is asked: this indication cannot be taken there. */
function isFinal(error: CimError | PeerError | ConnectError): boolean {
  if (error instanceof CimError) return ["NOT_SUPPORTED", "INVALID_PARAMETER"].includes(error.code);
  return error instanceof PeerError && ["http-400", "http-413", "http-415", "http-501"].includes(error.code);
}
