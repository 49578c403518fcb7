import { CimError } from "../../cim/cim-error.ts";
import type { CimInstance } from "../../cim/cim-instance.ts";
import { ConnectError, PeerError, reasonOf, WireError } from "../../runtime/errors.ts";
import { cimErrorOf, type ExchangeTarget, exchange } from "./exchange.ts";

/** What became of one indication. `retry`: it was not taken, and the same one may be taken later. */
export type Delivery =
  | { readonly delivered: true }
  | { readonly delivered: false; readonly retry: boolean; readonly reason: string };

/** Sends one indication to a listener and waits for its answer (DSP0200 §5.5). */
export async function exportIndication(
  target: ExchangeTarget,
  indication: CimInstance,
  options: { readonly signal?: AbortSignal; readonly timeoutMs?: number } = {},
): Promise<Delivery> {
  const value = {
    name: "ExportIndication",
    parameters: [{ name: "NewIndication", value: indication.withPath(null) }],
  };
  try {
    const body = await exchange(target, {
      ...{ family: "export", method: "ExportIndication", body: { kind: "exportRequest", value } },
      // Its sequence number makes a second one harmless.
      isRepeatable: true,
      ...options,
    });
    if (body.kind !== "exportResponse") throw new WireError("MESSAGE", "no answer to ExportIndication in it");
    if (body.value.error !== undefined) throw cimErrorOf(body.value.error);
    return { delivered: true };
  } catch (error) {
    if (isTakenByOpenwsman(error)) return { delivered: true };
    if (error instanceof CimError || error instanceof PeerError || error instanceof ConnectError)
      return { delivered: false, retry: !isFinal(error), reason: error.message };
    // An answer that cannot be read: whether it was taken is not known, and twice is better than never.
    if (error instanceof WireError) return { delivered: false, retry: true, reason: error.message };
    return { delivered: false, retry: true, reason: reasonOf(error) };
  }
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
