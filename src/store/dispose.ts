/**
 * Gives a long buffer's memory back now: V8 would do so when 64 MiB have come together, marking the whole heap each time.
 * Only for buffers that Node has just made for us and nobody else has seen. Short ones may lie in the pool that Node cuts
 * them from, and stay.
 */
export function dispose({ buffer }: Buffer): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength > Buffer.poolSize) buffer.transfer(0);
}
