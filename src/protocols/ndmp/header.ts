import { type Decoded, enumeration, struct, u32 } from "../../wire/xdr.ts";

/** NDMP v4 §2.4: the error of a reply's header and the first field of most replies' bodies. */
export const NDMP_ERRORS = {
  noError: 0,
  notSupported: 1,
  deviceBusy: 2,
  deviceOpened: 3,
  notAuthorized: 4,
  permission: 5,
  deviceNotOpen: 6,
  io: 7,
  timeout: 8,
  illegalArguments: 9,
  noTapeLoaded: 10,
  writeProtect: 11,
  endOfFile: 12,
  endOfMedium: 13,
  fileNotFound: 14,
  badFile: 15,
  noDevice: 16,
  noBus: 17,
  xdrDecode: 18,
  illegalState: 19,
  undefined: 20,
  xdrEncode: 21,
  noMemory: 22,
  connect: 23,
  sequenceNumber: 24,
  readInProgress: 25,
  precondition: 26,
  classNotSupported: 27,
  versionNotSupported: 28,
  extensionDuplicateClasses: 29,
  extensionNotNegotiated: 30,
} as const;
export const NdmpError = enumeration(NDMP_ERRORS);
export type NdmpError = Decoded<typeof NdmpError>;

/** Starts every NDMP message (§2.3); a reply has a body only when `error` is "noError". */
export const NdmpHeader = struct({
  sequence: u32, // From 1, each side its own.
  sentAtSeconds: u32, // For logs only: peers' clocks are never compared.
  kind: enumeration({ request: 0, reply: 1 }),
  code: u32,
  repliesTo: u32, // 0 in a request.
  error: NdmpError,
});
export type NdmpHeader = Decoded<typeof NdmpHeader>;
export const NDMP_HEADER_BYTES = 24;
