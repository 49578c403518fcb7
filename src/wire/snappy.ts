import { varint } from "./protobuf-writer.ts";

/** What one literal may carry with a length of two bytes. */
const LITERAL_BYTES_MAX = 65_536;

/**
 * A snappy block (github.com/google/snappy, format_description.txt) that holds the bytes as they are. Remote write demands
 * the format; a metric's bytes are few, and a compressor would be the only one of its kind in the house.
 */
export function wrapInSnappy(bytes: Uint8Array): Buffer {
  const parts: Uint8Array[] = [varint(BigInt(bytes.length))];
  for (let start = 0; start < bytes.length; start += LITERAL_BYTES_MAX) {
    const literal = bytes.subarray(start, start + LITERAL_BYTES_MAX);
    const lengthMinusOne = literal.length - 1;
    // §2.1: tag 00 with 61 in the upper six bits, then the length less one in two bytes, little-endian.
    parts.push(Uint8Array.of(61 << 2, lengthMinusOne & 0xff, lengthMinusOne >> 8), literal);
  }
  return Buffer.concat(parts);
}
