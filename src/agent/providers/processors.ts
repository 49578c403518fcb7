// Processors by socket, from /proc/cpuinfo (Documentation/arch/x86/cpuinfo.rst; other architectures tell less).

export interface ProcessorSocket {
  /** The kernel's `physical id`; 0 where it tells none. */
  readonly id: number;
  readonly model: string | null;
  readonly vendor: string | null;
  readonly stepping: string | null;
  /** Cores, not threads; null where the kernel does not say. */
  readonly cores: number | null;
  /** Numbers of its threads, as in `cpu3` of /proc/stat. */
  readonly threads: readonly number[];
  readonly megahertz: number | null;
  readonly is64Bit: boolean | null;
}

/** Sockets in a machine: the largest have 64. */
export const SOCKETS_MAX = 256;

export function parseProcessors(cpuinfo: string): ProcessorSocket[] {
  const sockets = new Map<number, { threads: number[]; fields: Map<string, string> }>();
  for (const block of cpuinfo.split(/\n\s*\n/)) {
    const fields = new Map(
      block.split("\n").flatMap((line) => {
        const at = line.indexOf(":");
        return at < 0 ? [] : [[line.slice(0, at).trim(), line.slice(at + 1).trim()] as const];
      }),
    );
    const thread = Number(fields.get("processor") ?? Number.NaN);
    if (!Number.isInteger(thread)) continue;
    const id = Number(fields.get("physical id") ?? 0) || 0;
    const known = sockets.get(id);
    if (known !== undefined) known.threads.push(thread);
    else if (sockets.size < SOCKETS_MAX) sockets.set(id, { threads: [thread], fields });
  }
  return [...sockets].map(([id, { threads, fields }]) => {
    const cores = Number(fields.get("cpu cores") ?? Number.NaN);
    const megahertz = Number(fields.get("cpu MHz") ?? Number.NaN);
    const flags = fields.get("flags");
    return {
      id,
      model: fields.get("model name") ?? fields.get("Model") ?? null,
      vendor: fields.get("vendor_id") ?? fields.get("CPU implementer") ?? null,
      stepping: fields.get("stepping") ?? null,
      cores: Number.isInteger(cores) ? cores : null,
      threads,
      megahertz: Number.isFinite(megahertz) ? Math.round(megahertz) : null,
      is64Bit: flags === undefined ? null : flags.split(" ").includes("lm"),
    };
  });
}
