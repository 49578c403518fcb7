import { type Codec, type Decoded, enumeration, list, nothing, struct, text, u32, u64 } from "../../wire/xdr.ts";
import { NdmpError } from "./header.ts";
import { RUSUBAN_CALLS, RUSUBAN_POSTS } from "./rusuban-extension.ts";

// The messages of NDMP v4 (draft-skardal-ndmp4-04) that this product speaks so far, each a value. Section numbers are
// the draft's. A call is answered; a post is not.

// biome-ignore lint/suspicious/noExplicitAny: "a message of whatever type"; the types are inferred from the values below.
type AnyCall = { readonly code: number; readonly request: Codec<any>; readonly reply: Codec<any> };
// biome-ignore lint/suspicious/noExplicitAny: as above.
type AnyPost = { readonly code: number; readonly body: Codec<any> };

const outcome = struct({ error: NdmpError });

export const DATA_STATES = { idle: 0, active: 1, halted: 2, listen: 3, connected: 4 } as const;
export const DATA_HALT_REASONS = { none: 0, successful: 1, aborted: 2, internalError: 3, connectError: 4 } as const;

export const NDMP_CALLS = {
  // §3.2 Connect interface
  connectOpen: { code: 0x900, request: struct({ protocolVersion: u32 }), reply: outcome },
  // §3.3 Config interface
  configGetHostInfo: {
    code: 0x100,
    request: nothing,
    reply: struct({
      error: NdmpError,
      hostname: text(255),
      osType: text(255),
      osVersion: text(255),
      hostId: text(255),
    }),
  },
  configGetServerInfo: {
    code: 0x108,
    request: nothing,
    reply: struct({
      error: NdmpError,
      vendor: text(255),
      product: text(255),
      revision: text(255),
      authTypes: list(enumeration({ none: 0, text: 1, md5: 2 }), 8),
    }),
  },
  // §3.3.10: extensions must be agreed before any of their messages.
  configSetExtList: {
    code: 0x109,
    request: struct({ extensions: list(struct({ classId: u32, version: u32 }), 64) }),
    reply: outcome,
  },
  configGetExtList: {
    code: 0x10a,
    request: nothing,
    reply: struct({ error: NdmpError, extensions: list(struct({ classId: u32, versions: list(u32, 16) }), 64) }),
  },
  // §3.5 Data interface
  dataGetState: {
    code: 0x400,
    request: nothing,
    reply: struct({
      unsupported: u32,
      error: NdmpError,
      operation: enumeration({ noAction: 0, backup: 1, recover: 2, recoverFileHistory: 3 }),
      state: enumeration(DATA_STATES),
      haltReason: enumeration(DATA_HALT_REASONS),
      bytesProcessed: u64,
      bytesRemaining: u64,
      secondsRemaining: u32,
      // ndmp_addr with type LOCAL (0) and no body: this product's data does not travel over an NDMP data connection yet.
      addressType: enumeration({ local: 0 }),
      readOffset: u64,
      readLength: u64,
    }),
  },
  dataAbort: { code: 0x403, request: nothing, reply: outcome },
  dataStop: { code: 0x407, request: nothing, reply: outcome },
  ...RUSUBAN_CALLS,
} as const satisfies Record<string, AnyCall>;

export const NDMP_POSTS = {
  connectClose: { code: 0x902, body: nothing },
  notifyConnectionStatus: {
    code: 0x502,
    body: struct({
      reason: enumeration({ connected: 0, shutdown: 1, refused: 2 }),
      protocolVersion: u32,
      text: text(1_024),
    }),
  },
  notifyDataHalted: { code: 0x501, body: struct({ reason: enumeration(DATA_HALT_REASONS) }) },
  logMessage: {
    code: 0x603,
    body: struct({
      level: enumeration({ normal: 0, debug: 1, error: 2, warning: 3 }),
      messageId: u32,
      text: text(8_192),
      hasAssociated: enumeration({ no: 0, yes: 1 }),
      associatedSequence: u32,
    }),
  },
  ...RUSUBAN_POSTS,
} as const satisfies Record<string, AnyPost>;

export type CallName = keyof typeof NDMP_CALLS;
export type CallRequest<N extends CallName> = Decoded<(typeof NDMP_CALLS)[N]["request"]>;
export type CallReply<N extends CallName> = Decoded<(typeof NDMP_CALLS)[N]["reply"]>;
export type PostName = keyof typeof NDMP_POSTS;
export type PostBody<N extends PostName> = Decoded<(typeof NDMP_POSTS)[N]["body"]>;
