// A responder for tests, at a port of its own on the loopback address: it answers requests of version 1 and 2c with what
// a function gives, so that it can lie about everything.

import { createSocket } from "node:dgram";
import { once } from "node:events";

export interface FixtureRequest {
  readonly datagram: Buffer;
  /** 0 version 1, 1 version 2c, 3 version 3. */
  readonly version: number;
  readonly community: string;
  /** 0xa0 get, 0xa1 get-next, 0xa5 get-bulk. */
  readonly kind: number;
  readonly id: number;
  readonly repetitions: number;
  readonly oids: readonly string[];
}

export type Respond = (request: FixtureRequest) => Buffer | readonly Buffer[] | null;

export async function startResponder(respond: Respond): Promise<{
  readonly port: number;
  requests(): number;
  close(): void;
}> {
  const socket = createSocket("udp4");
  let requests = 0;
  socket.on("message", (datagram, { port, address }) => {
    requests += 1;
    for (const answer of [respond(readRequest(datagram)) ?? []].flat()) socket.send(answer, port, address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  let isClosed = false;
  const close = () => {
    if (!isClosed) socket.close();
    isClosed = true;
  };
  return { port: socket.address().port, requests: () => requests, close };
}

export function tlv(tag: number, ...parts: readonly (Buffer | readonly number[])[]): Buffer {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part)));
  const length =
    content.length < 0x80
      ? [content.length]
      : [0x83, content.length >> 16, (content.length >> 8) & 255, content.length & 255];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

export function integer(value: number | bigint, tag = 0x02): Buffer {
  let hex = BigInt(value).toString(16);
  hex = hex.padStart(hex.length + (hex.length % 2), "0");
  const bytes = Buffer.from(hex, "hex");
  return tlv(tag, (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
}

export const text = (value: string): Buffer => tlv(0x04, Buffer.from(value));
export const END_OF_VIEW: Buffer = tlv(0x82);

export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const numbers = [first * 40 + second, ...rest].flatMap((number) => {
    const groups = [number % 128];
    for (let left = Math.floor(number / 128); left > 0; left = Math.floor(left / 128))
      groups.unshift((left % 128) + 128);
    return groups;
  });
  return tlv(0x06, numbers);
}

export interface AnswerOptions {
  readonly version?: number;
  readonly community?: string;
  readonly kind?: number;
  readonly id?: number;
  readonly error?: number;
  readonly errorIndex?: number;
}

export function answer(
  request: FixtureRequest,
  bindings: readonly (readonly [oid: string, value: Buffer])[],
  { version = request.version, community = request.community, kind = 0xa2, ...rest }: AnswerOptions = {},
): Buffer {
  const { id = request.id, error = 0, errorIndex = 0 } = rest;
  const list = tlv(0x30, ...bindings.map(([name, value]) => tlv(0x30, oid(name), value)));
  const pdu = tlv(kind, integer(id), integer(error), integer(errorIndex), list);
  return tlv(0x30, integer(version), text(community), pdu);
}

/** Answers as a server does that has these objects; names in order. Version 1 gets NoSuchName (2) where there is none. */
export function serveObjects(
  objects: readonly (readonly [oid: string, value: Buffer])[],
  community = "public",
): Respond {
  const all = new Map(objects);
  const names = [...all.keys()];
  const places = new Map(names.map((name, place) => [name, place]));
  const after = (name: string) => {
    const place = places.get(name);
    return place === undefined ? names.find((other) => compare(other, name) > 0) : names[place + 1];
  };
  return (request) => {
    if (request.community !== community || request.version === 3) return null;
    const found: (readonly [string, Buffer])[] = [];
    let at = [...request.oids];
    for (let round = 0; round < (request.kind === 0xa5 ? request.repetitions : 1); round++) {
      for (const [place, name] of at.entries()) {
        const wanted = request.kind === 0xa0 ? name : after(name);
        const value = wanted === undefined ? undefined : all.get(wanted);
        if (value === undefined && request.version === 0) {
          return answer(
            request,
            request.oids.map((one) => [one, tlv(0x05)] as const),
            { error: 2, errorIndex: place + 1 },
          );
        }
        found.push([
          value === undefined ? name : (wanted ?? name),
          value ?? (request.kind === 0xa0 ? tlv(0x80) : END_OF_VIEW),
        ]);
      }
      at = found.slice(-at.length).map(([name]) => name);
    }
    return answer(request, found);
  };
}

function compare(one: string, other: string): number {
  const [a, b] = [one, other].map((name) => name.split(".").map(Number)) as [number[], number[]];
  for (let place = 0; place < Math.min(a.length, b.length); place++) {
    if (a[place] !== b[place]) return (a[place] ?? 0) - (b[place] ?? 0);
  }
  return a.length - b.length;
}

interface Part {
  readonly tag: number;
  readonly content: Buffer;
}

function partsOf(bytes: Buffer): Part[] {
  const parts: Part[] = [];
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at + 1] ?? 0;
    const more = first < 0x80 ? 0 : first - 0x80;
    const length = more === 0 ? first : bytes.readUIntBE(at + 2, more);
    const start = at + 2 + more;
    parts.push({ tag: bytes[at] ?? 0, content: bytes.subarray(start, start + length) });
    at = start + length;
  }
  return parts;
}

function readRequest(datagram: Buffer): FixtureRequest {
  const [version, community, pdu] = partsOf(partsOf(datagram)[0]?.content ?? Buffer.alloc(0));
  const number = (part: Part | undefined) => Number(`0x${part?.content.toString("hex") || "0"}`);
  if (number(version) === 3) {
    const id = number(partsOf(community?.content ?? Buffer.alloc(0))[0]);
    return { datagram, version: 3, community: "", kind: 0, id, repetitions: 0, oids: [] };
  }
  const [id, , repetitions, list] = partsOf(pdu?.content ?? Buffer.alloc(0));
  return {
    ...{ datagram, version: number(version), community: community?.content.toString() ?? "", kind: pdu?.tag ?? 0 },
    ...{ id: number(id), repetitions: number(repetitions) },
    oids: partsOf(list?.content ?? Buffer.alloc(0)).map(({ content }) => readOid(partsOf(content)[0]?.content)),
  };
}

function readOid(content: Buffer = Buffer.alloc(0)): string {
  const numbers: number[] = [];
  let number = 0;
  for (const byte of content) {
    number = number * 128 + (byte & 127);
    if (byte >= 128) continue;
    numbers.push(number);
    number = 0;
  }
  const [first = 0, ...rest] = numbers;
  const top = Math.min(2, Math.floor(first / 40));
  return [top, first - top * 40, ...rest].join(".");
}
