import { isUtf8 } from "node:buffer";
import { WireError } from "../runtime/errors.ts";
import { XdrReader, XdrWriter } from "./xdr-cursor.ts";

// Messages as values (XDR, RFC 4506): a message is a const built from the combinators below, and its TypeScript type is
// inferred from it. Every length is bounded by the declaration, and a decoder takes exactly the bytes of its message.

/** How one type of value stands on the wire. Decoding throws WireError with the path of the field. */
export interface Codec<T> {
  write(writer: XdrWriter, value: T): void;
  read(reader: XdrReader): T;
}

/** The TypeScript type of the values of a codec. */
export type Decoded<C> = C extends Codec<infer T> ? T : never;

/** The bytes of one message. Throws WireError where the value does not fit its declaration: our bug or our user's input. */
export function encode<T>(codec: Codec<T>, value: T): Buffer {
  const writer = new XdrWriter();
  codec.write(writer, value);
  return writer.take();
}

/** The value of one whole message; bytes left over are an error (RFC 4506 leaves them no meaning). */
export function decode<T>(codec: Codec<T>, bytes: Buffer): T {
  const reader = new XdrReader(bytes);
  const value = codec.read(reader);
  if (reader.left > 0) throw new WireError("", `${reader.left} bytes left over after the message`);
  return value;
}

/** §4.2: 32 bits without sign. */
export const u32: Codec<number> = {
  write: (writer, value) => writer.u32(value),
  read: (reader) => reader.u32(),
};

/** §4.5: 64 bits without sign, exact. */
export const u64: Codec<bigint> = {
  write: (writer, value) => writer.u64(value),
  read: (reader) => reader.u64(),
};

/** §4.5: 64 bits with sign, held to what a number carries exactly: counts, bytes and milliseconds. */
export const integer: Codec<number> = {
  write(writer, value) {
    if (!Number.isSafeInteger(value)) throw new WireError("", `${value} is not a safe integer`);
    writer.u64(BigInt.asUintN(64, BigInt(value)));
  },
  read(reader) {
    const value = Number(BigInt.asIntN(64, reader.u64()));
    if (!Number.isSafeInteger(value)) throw new WireError("", `${value} is beyond 53 bits`);
    return value;
  },
};

/** §4.7: an IEEE double; NaN and infinities are refused. */
export const double: Codec<number> = {
  write(writer, value) {
    writer.double(value);
  },
  read(reader) {
    const value = reader.double();
    if (!Number.isFinite(value)) throw new WireError("", "not a finite number");
    return value;
  },
};

/** §4.4 */
export const bool: Codec<boolean> = {
  write: (writer, value) => writer.u32(value ? 1 : 0),
  read(reader) {
    const value = reader.u32();
    if (value > 1) throw new WireError("", `${value} is neither 0 (false) nor 1 (true)`);
    return value === 1;
  },
};

/** §4.9: exactly `length` bytes. */
export function fixed(length: number): Codec<Buffer> {
  return {
    write(writer, value) {
      if (value.length !== length) throw new WireError("", `${value.length} bytes instead of ${length}`);
      writer.bytes(value);
    },
    read: (reader) => reader.bytes(length),
  };
}

/** §4.10: at most `bytesMax` bytes behind their length. */
export function opaque(bytesMax: number): Codec<Buffer> {
  return {
    write(writer, value) {
      checkCount(value.length, bytesMax, "bytes");
      writer.u32(value.length);
      writer.bytes(value);
    },
    read(reader) {
      return reader.bytes(checkCount(reader.u32(), bytesMax, "bytes"));
    },
  };
}

/** §4.11: valid UTF-8 of at most `bytesMax` bytes. */
export function text(bytesMax: number): Codec<string> {
  const bytes = opaque(bytesMax);
  return {
    write: (writer, value) => bytes.write(writer, Buffer.from(value, "utf8")),
    read(reader) {
      const value = bytes.read(reader);
      if (!isUtf8(value)) throw new WireError("", "not UTF-8");
      return value.toString("utf8");
    },
  };
}

/** §4.13: at most `countMax` items behind their count. */
export function list<T>(item: Codec<T>, countMax: number): Codec<readonly T[]> {
  return {
    write(writer, values) {
      writer.u32(checkCount(values.length, countMax, "items"));
      values.forEach((value, index) => {
        at(`[${index}]`, () => item.write(writer, value));
      });
    },
    read(reader) {
      const count = checkCount(reader.u32(), countMax, "items");
      const values: T[] = [];
      for (let index = 0; index < count; index++) values.push(at(`[${index}]`, () => item.read(reader)));
      return values;
    },
  };
}

type Fields = Readonly<Record<string, Codec<never>>>;
// biome-ignore lint/suspicious/noExplicitAny: the only way to say "a codec of whatever type", which is then inferred.
type AnyCodec = Codec<any>;
type Struct<F extends Readonly<Record<string, AnyCodec>>> = { readonly [K in keyof F]: Decoded<F[K]> };

/** §4.14: the fields in the order of their declaration. */
export function struct<const F extends Readonly<Record<string, AnyCodec>>>(fields: F): Codec<Struct<F>> {
  const entries = Object.entries(fields as unknown as Fields) as [string, Codec<unknown>][];
  return {
    write(writer, value) {
      for (const [name, codec] of entries) {
        at(name, () => codec.write(writer, (value as Record<string, unknown>)[name]));
      }
    },
    read(reader) {
      const value: Record<string, unknown> = {};
      for (const [name, codec] of entries) value[name] = at(name, () => codec.read(reader));
      return value as Struct<F>;
    },
  };
}

/** §4.3: names for numbers; an unknown number is refused. */
export function enumeration<const N extends Readonly<Record<string, number>>>(numbers: N): Codec<keyof N & string> {
  const names = new Map(Object.entries(numbers).map(([name, number]) => [number, name]));
  return {
    write(writer, name) {
      const number = numbers[name];
      if (number === undefined) throw new WireError("", `unknown name ${name}`);
      writer.u32(number);
    },
    read(reader) {
      const number = reader.u32();
      const name = names.get(number);
      if (name === undefined) throw new WireError("", `unknown value 0x${number.toString(16)}`);
      return name;
    },
  };
}

/** §4.19: nothing, or one value. */
export function optional<T>(codec: Codec<T>): Codec<T | undefined> {
  return {
    write(writer, value) {
      writer.u32(value === undefined ? 0 : 1);
      if (value !== undefined) codec.write(writer, value);
    },
    read: (reader) => (bool.read(reader) ? codec.read(reader) : undefined),
  };
}

type Arms = Readonly<Record<string, readonly [number, AnyCodec]>>;
type Union<A extends Arms> = { [K in keyof A & string]: { readonly kind: K } & Decoded<A[K][1]> }[keyof A & string];

/** §4.15: a number that says which struct follows; the value carries the name as `kind`. */
export function union<const A extends Arms>(arms: A): Codec<Union<A>> {
  const byNumber = new Map(Object.entries(arms).map(([kind, [number, codec]]) => [number, { kind, codec }]));
  return {
    write(writer, value) {
      const arm = arms[value.kind];
      if (arm === undefined) throw new WireError("kind", `unknown kind ${value.kind}`);
      writer.u32(arm[0]);
      at(value.kind, () => arm[1].write(writer, value));
    },
    read(reader) {
      const number = reader.u32();
      const arm = byNumber.get(number);
      if (arm === undefined) throw new WireError("kind", `unknown value 0x${number.toString(16)}`);
      return { kind: arm.kind, ...at(arm.kind, () => arm.codec.read(reader)) } as Union<A>;
    },
  };
}

/** §4.16: no bytes at all. */
export const nothing: Codec<Record<never, never>> = struct({});

/** A value of another form than its bytes, such as a UUID as text. Both functions may throw WireError with an empty path. */
export function mapped<Wire, T>(
  codec: Codec<Wire>,
  { toWire, fromWire }: { toWire: (value: T) => Wire; fromWire: (value: Wire) => T },
): Codec<T> {
  return {
    write: (writer, value) => codec.write(writer, toWire(value)),
    read: (reader) => fromWire(codec.read(reader)),
  };
}

function checkCount(count: number, countMax: number, unit: string): number {
  if (count > countMax) throw new WireError("", `${count} ${unit} declared, at most ${countMax} are taken`);
  return count;
}

/** Puts `step` before the path of a WireError that `run` throws; the path is only built when something is wrong. */
function at<T>(step: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    const joint = error.path === "" || error.path.startsWith("[") ? "" : ".";
    throw new WireError(`${step}${joint}${error.path}`, error.problem);
  }
}
