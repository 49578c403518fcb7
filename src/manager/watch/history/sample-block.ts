import { deflateRawSync, inflateRawSync } from "node:zlib";
import { CorruptionError, reasonOf } from "../../../runtime/errors.ts";

// A row of doubles as it lies in the database: a fixed number of places, NaN where nothing was read. Values of one series
// resemble one another in their upper bytes, so the bytes are put together by significance before they are deflated: a
// series that stands still takes some 20 bytes an hour, a busy one about 300 of 480.

const DOUBLE_BYTES = 8;

export function encodeSamples(samples: Float64Array): Uint8Array {
  const view = new DataView(samples.buffer, samples.byteOffset, samples.byteLength);
  const sorted = new Uint8Array(samples.byteLength);
  for (let index = 0; index < samples.length; index++) {
    for (let byte = 0; byte < DOUBLE_BYTES; byte++) {
      sorted[byte * samples.length + index] = view.getUint8(index * DOUBLE_BYTES + byte);
    }
  }
  return deflateRawSync(sorted);
}

/** Throws CorruptionError, naming `place`, where the bytes are not `length` samples. */
export function decodeSamples(bytes: Uint8Array, length: number, place: string): Float64Array {
  const sorted = inflate(bytes, length * DOUBLE_BYTES, place);
  const samples = new Float64Array(length);
  const view = new DataView(samples.buffer);
  for (let index = 0; index < length; index++) {
    for (let byte = 0; byte < DOUBLE_BYTES; byte++) {
      view.setUint8(index * DOUBLE_BYTES + byte, sorted[byte * length + index] ?? 0);
    }
  }
  return samples;
}

function inflate(bytes: Uint8Array, wanted: number, place: string): Uint8Array {
  let inflated: Uint8Array;
  try {
    inflated = inflateRawSync(bytes, { maxOutputLength: wanted });
  } catch (error) {
    throw new CorruptionError(place, `cannot be inflated (${reasonOf(error)})`);
  }
  if (inflated.length !== wanted) throw new CorruptionError(place, `${inflated.length} bytes instead of ${wanted}`);
  return inflated;
}
