import { randomBytes } from "node:crypto";
import type { Clock } from "./clock.ts";

/** Randomness, as an argument: `count` bytes fit for keys. */
export type Random = (count: number) => Buffer;

export const systemRandom: Random = (count) => randomBytes(count);

/** A UUID of version 7 (RFC 9562 §5.7): 48 bits of milliseconds, then 74 random bits. Ids made later sort later, roughly. */
export function createUuid({ clock, random }: { clock: Pick<Clock, "now">; random: Random }): string {
  const bytes = Buffer.alloc(16);
  bytes.writeUIntBE(clock.now(), 0, 6);
  random(10).copy(bytes, 6);
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f); // version
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f); // variant
  return formatUuid(bytes);
}

/** The usual 36 characters from 16 bytes. */
export function formatUuid(bytes: Buffer): string {
  const hex = bytes.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** 16 bytes from the usual 36 characters; the caller has checked them. */
export function parseUuid(text: string): Buffer {
  return Buffer.from(text.replaceAll("-", ""), "hex");
}
