/** Writes Protocol Buffers (protobuf.dev/programming-guides/encoding): the few wire types that Prometheus's messages use. */
export class ProtobufWriter {
  readonly #parts: Uint8Array[] = [];

  /** Wire type 2: a string, or another message. */
  bytes(field: number, value: string | Uint8Array): this {
    const bytes = typeof value === "string" ? Buffer.from(value.toWellFormed()) : value;
    this.#parts.push(varint(BigInt((field << 3) | 2)), varint(BigInt(bytes.length)), bytes);
    return this;
  }

  /** Wire type 0; negative numbers take ten bytes, as int64 does. */
  int64(field: number, value: bigint): this {
    this.#parts.push(varint(BigInt(field << 3)), varint(BigInt.asUintN(64, value)));
    return this;
  }

  /** Wire type 1, little-endian. */
  double(field: number, value: number): this {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value);
    this.#parts.push(varint(BigInt((field << 3) | 1)), bytes);
    return this;
  }

  finish(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

/** Seven bits a byte, the least first. */
export function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
