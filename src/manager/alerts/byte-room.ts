/** A bounded amount of memory that many share: whoever finds no room waits, in turn. */
export interface ByteRoom {
  /** Resolves when `bytes` fit; more than all of it fits when nothing else is there. */
  admit(bytes: number): Promise<void>;
  release(bytes: number): void;
  readonly used: number;
}

export function createByteRoom(bytesMax: number): ByteRoom {
  const waiting: { readonly bytes: number; readonly enter: () => void }[] = [];
  let used = 0;

  const fits = (bytes: number) => used === 0 || used + bytes <= bytesMax;
  return {
    admit(bytes) {
      if (waiting.length === 0 && fits(bytes)) {
        used += bytes;
        return Promise.resolve();
      }
      return new Promise((resolve) => waiting.push({ bytes, enter: resolve }));
    },
    release(bytes) {
      used -= bytes;
      for (let next = waiting[0]; next !== undefined && fits(next.bytes); next = waiting[0]) {
        waiting.shift();
        used += next.bytes;
        next.enter();
      }
    },
    get used() {
      return used;
    },
  };
}
