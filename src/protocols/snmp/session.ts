import { EventEmitter } from "node:events";
import snmp from "net-snmp";
import { ABORTED, connectError, explainConnectError, TIMED_OUT } from "../../net/connect-error.ts";
import { type DatagramPeer, dialDatagrams } from "../../net/datagram-dial.ts";
import { ConnectError, codeOf, type Destination, PeerError, reasonOf, WireError } from "../../runtime/errors.ts";
import type { SnmpAccess, SnmpCipher, SnmpHash } from "./access.ts";
import { isAcceptable } from "./datagram-guard.ts";

// The package net-snmp makes and reads the messages and keeps the user-based security model (RFC 3414). It gets a socket
// of ours: connected to the one peer, guarded, and with nothing that a peer sends able to throw past it.

export interface SnmpPeer extends Destination {
  readonly access: SnmpAccess;
  /** Of one attempt. */
  readonly timeoutMs: number;
  /** Further attempts, since datagrams may get lost. */
  readonly retries: number;
  readonly signal?: AbortSignal | undefined;
}

/** Requests of the package, by its own callbacks. */
export type RawSession = Pick<snmp.Session, "get" | "getNext" | "getBulk">;
export type RawVarbind = { readonly oid: string; readonly type?: number; readonly value?: unknown };

export interface SnmpSession {
  /** One request. Rejects with ConnectError, PeerError (`unauthorized`, or RFC 3416's name of the error), WireError. */
  ask<T>(request: (session: RawSession, done: (error: Error | null, answer?: T) => void) => void): Promise<T>;
  close(): void;
}

/** Keys that are remembered, of all servers together: each is of one password and one server's engine id. */
const KEYS_MAX = 8_192;

const HASHES: Record<SnmpHash, snmp.AuthProtocols> = {
  ...{ sha: snmp.AuthProtocols.sha, sha224: snmp.AuthProtocols.sha224, sha256: snmp.AuthProtocols.sha256 },
  ...{ sha384: snmp.AuthProtocols.sha384, sha512: snmp.AuthProtocols.sha512 },
};
const CIPHERS: Record<SnmpCipher, snmp.PrivProtocols> = {
  ...{ aes: snmp.PrivProtocols.aes, aes256: snmp.PrivProtocols.aes256b, "aes256-reeder": snmp.PrivProtocols.aes256r },
};

/** @throws ConnectError where the name does not resolve or there is no route. */
export async function openSnmpSession(peer: SnmpPeer): Promise<SnmpSession> {
  const { flow, host, port, access, timeoutMs, retries, signal } = peer;
  const destination = { flow, host, port };
  let raw: snmp.Session | undefined;
  const fail = (error: Error) => raw?.cancelRequests(error);
  const socket = new EventEmitter();
  const dialed = await dialDatagrams({
    ...destination,
    onMessage(datagram) {
      if (!isAcceptable(datagram, access)) return;
      try {
        socket.emit("message", datagram);
      } catch (error) {
        fail(new WireError("", `an answer that cannot be read: ${reasonOf(error)}`));
      }
    },
    onError: fail,
  });
  forgetKeys();
  raw = createRaw(access, {
    ...{ timeout: timeoutMs, retries },
    dgramModule: { createSocket: () => Object.assign(socket, asDatagramSocket(dialed, socket)) },
  });
  // What cannot be decoded is told here; without a listener it would end the process.
  (raw as EventEmitter & snmp.Session).on("error", (error: unknown) =>
    fail(new WireError("", `an answer that cannot be read: ${reasonOf(error)}`)),
  );
  const session = raw;
  let isClosed = false;
  const close = () => {
    if (isClosed) return;
    isClosed = true;
    signal?.removeEventListener("abort", close);
    fail(connectError(destination, ABORTED, "given up"));
    session.close();
  };
  signal?.addEventListener("abort", close, { once: true });
  if (signal?.aborted) close();
  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        if (isClosed) return reject(connectError(destination, ABORTED, "given up"));
        return request(session, (error, answer) => {
          if (error !== null || answer === undefined) reject(explain(error, { destination, timeoutMs, retries }));
          else resolve(answer);
        });
      }),
    close,
  };
}

function createRaw(access: SnmpAccess, options: { timeout: number; retries: number; dgramModule: unknown }) {
  if (access.version !== "3") {
    const version = access.version === "1" ? snmp.Version1 : snmp.Version2c;
    return snmp.createSession("", access.community, { ...options, version });
  }
  const { user: name, authentication, privacy } = access;
  const user = {
    name,
    level: levelOf(access),
    ...(authentication && { authProtocol: HASHES[authentication.protocol], authKey: authentication.password }),
    ...(privacy && { privProtocol: CIPHERS[privacy.protocol], privKey: privacy.password }),
  };
  return snmp.createV3Session("", user as snmp.User, { ...options, version: snmp.Version3 });
}

function levelOf({ authentication, privacy }: Extract<SnmpAccess, { version: "3" }>): snmp.SecurityLevel {
  if (authentication === null) return snmp.SecurityLevel.noAuthNoPriv;
  return privacy === null ? snmp.SecurityLevel.authNoPriv : snmp.SecurityLevel.authPriv;
}

/** As much of a socket as the package uses. */
function asDatagramSocket(peer: DatagramPeer, socket: EventEmitter) {
  return {
    ref: () => {},
    unref: () => {},
    send(message: Buffer, offset: number, length: number, _port: number, _host: string, sent: (error: null) => void) {
      sent(null); // First waited for, then sent: an answer may come at once.
      peer.send(message.subarray(offset, offset + length));
    },
    close() {
      peer.close();
      socket.emit("close");
    },
  };
}

/** The package keeps a key for every engine id that it has met, and those are the peers' to choose. */
function forgetKeys(): void {
  const keys = (snmp as unknown as { Authentication: { authToKeyCache: Record<string, Buffer> } }).Authentication;
  if (Object.keys(keys.authToKeyCache).length > KEYS_MAX) keys.authToKeyCache = {};
}

function explain(
  error: Error | null,
  { destination, timeoutMs, retries }: { destination: Destination; timeoutMs: number; retries: number },
): Error {
  if (error === null) return new WireError("", "an answer without a content");
  if (error instanceof ConnectError || error instanceof WireError) return error;
  if (error.name === "RequestTimedOutError") {
    const tried = `no answer to ${retries + 1} requests of ${timeoutMs} ms each`;
    return connectError(destination, TIMED_OUT, tried);
  }
  if (error instanceof snmp.RequestFailedError) {
    const code = snmp.ErrorStatus[(error as unknown as { status: number }).status] ?? "GeneralError";
    return new PeerError(code, `it refuses: ${error.message}`);
  }
  if (error instanceof snmp.ResponseInvalidError) {
    const { code } = error as unknown as { code: number };
    const { EAuthFailure, ECouldNotDecrypt } = snmp.ResponseInvalidCode;
    // The package's text of a wrong digest holds the digest that would have been right.
    if (code === EAuthFailure) return new PeerError("unauthorized", refusalOf(error.message));
    if (code === ECouldNotDecrypt) return new PeerError("unauthorized", "what it sends does not decrypt with our key");
    return new WireError("", error.message);
  }
  return codeOf(error) === "" ? new WireError("", reasonOf(error)) : explainConnectError(error, destination);
}

/** The counters of RFC 3414 §5, usmStats, by the package's names. */
function refusalOf(message: string): string {
  if (/Unsupported Security Level/.test(message)) return "it does not allow this level of security to the user";
  if (/Unknown User Name/.test(message)) return "it does not know the user";
  if (/Wrong Digest/.test(message)) return "the password is wrong, or it is made with another hash";
  if (/Decryption Error/.test(message)) return "the privacy password is wrong, or it is for another cipher";
  if (/Not In Time Window/.test(message)) return "its clock and ours do not come together";
  return "its signature is not made with the user's password";
}
