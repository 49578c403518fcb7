import { realpath } from "node:fs/promises";
import { dirname, normalize, sep } from "node:path";
import { codeOf } from "../../runtime/errors.ts";

// What the manager may ask for is bounded here, on the host, by the host's own settings (`backup.paths`,
// `backup.targets`): a manager that has fallen into wrong hands reads and writes nothing beyond them.

export type PathVerdict = { readonly allowed: true } | { readonly allowed: false; readonly reason: string };

/**
 * Whether `path` lies in one of the `roots`, symbolic links in it resolved. A part that does not exist yet is taken as
 * written, because a restore will make it. Paths and roots are absolute; names that are not UTF-8 are compared by bytes.
 */
export async function judgePath(path: Buffer, roots: readonly string[], setting: string): Promise<PathVerdict> {
  const text = path.toString("latin1"); // One character a byte: nothing is lost, and "/" and "." stay what they are.
  if (!text.startsWith(sep)) return { allowed: false, reason: `${path} is not an absolute path` };
  if (text.includes("\0")) return { allowed: false, reason: "the path holds a NUL byte" };
  const real = await realPathOf(normalize(text));
  for (const root of roots) {
    const realRoot = await realPathOf(normalize(Buffer.from(root).toString("latin1")));
    if (realRoot === sep || real === realRoot || real.startsWith(`${realRoot}${sep}`)) return { allowed: true };
  }
  return {
    allowed: false,
    reason: `${path} is outside what this host allows: add it to ${setting} in the agent's settings, or choose another path`,
  };
}

async function realPathOf(path: string): Promise<string> {
  try {
    return (await realpath(Buffer.from(path, "latin1"), "buffer")).toString("latin1");
  } catch (error) {
    if (codeOf(error) !== "ENOENT" || path === sep) return path;
    const parent = await realPathOf(dirname(path));
    return `${parent === sep ? "" : parent}${sep}${path.slice(path.lastIndexOf(sep) + 1)}`;
  }
}
