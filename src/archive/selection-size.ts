import type { ChunkSource } from "../store/chunk-sink.ts";
import { joinPath } from "../store/path-bytes.ts";
import { readLeaves } from "../store/snapshot-tree.ts";
import { createExcludeRules } from "./exclude-rules.ts";
import { createSelection, type Selection } from "./selection.ts";

/** Bytes of the files that a restore of these paths would write into an empty directory; what cannot be read counts as none. For telling how much is left: nothing depends on it. */
export async function measureSelection({
  source,
  root,
  paths,
  excludes = [],
  signal,
}: {
  readonly source: ChunkSource;
  readonly root: Buffer;
  readonly paths: readonly (Buffer | string)[];
  readonly excludes?: readonly string[] | undefined;
  readonly signal: AbortSignal;
}): Promise<number> {
  const rules = createExcludeRules(excludes);
  let bytes = 0;
  const waiting: { tree: Buffer; path: Buffer; selection: Selection }[] = [
    { tree: root, path: Buffer.from("/"), selection: createSelection(paths).selection },
  ];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { tree, path: parent, selection } = next;
    try {
      for await (const nodes of readLeaves(source, tree)) {
        // Files are restored meanwhile.
        await new Promise((resolve) => setImmediate(resolve));
        signal.throwIfAborted();
        for (const node of nodes) {
          const wanted = selection === "all" ? "all" : selection.get(node.name.toString("latin1"));
          const path = joinPath(parent, node.name);
          if (wanted === undefined || (wanted === "all" && rules.isExcluded(path))) continue;
          if (node.type === "directory") waiting.push({ tree: node.tree, path, selection: wanted });
          else if (node.type === "file" && wanted === "all") bytes += node.size;
        }
      }
    } catch {
      signal.throwIfAborted();
    }
  }
  return bytes;
}
