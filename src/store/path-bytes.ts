// Paths as the system has them: bytes, of which only the slash means something.

const SLASH = Buffer.from("/");

/** `directory` is absolute; the root is `/`. */
export function joinPath(directory: Buffer, name: Buffer): Buffer {
  return directory.length === 1 ? Buffer.concat([directory, name]) : Buffer.concat([directory, SLASH, name]);
}
