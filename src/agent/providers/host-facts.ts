import { arch, hostname, machine, release, type } from "node:os";
import type { HostFacts } from "../../model/host.ts";
import type { HostSystem } from "./host-system.ts";

/** What the runtime says of the machine. */
export interface Machine {
  readonly hostname: string;
  readonly platform: string;
  readonly architecture: string;
  /** Such as `Linux 6.1.0`: what is said where the system has no name for people. */
  readonly kernel: string;
}

export function thisMachine(): Machine {
  return {
    hostname: hostname(),
    platform: process.platform,
    architecture: machine() || arch(),
    kernel: `${type()} ${release()}`,
  };
}

/** What the agent says of its machine at enrolment and at each hello. Never rejects. */
export async function readHostFacts({
  agentVersion,
  machine,
  system,
}: {
  agentVersion: string;
  machine: Machine;
  system: HostSystem;
}): Promise<HostFacts> {
  let name: string | undefined;
  // os-release(5): the file in /etc goes before the vendor's.
  for (const path of ["/etc/os-release", "/usr/lib/os-release"]) {
    name ??= await system.read(path).then(
      (bytes) => prettyName(bytes.toString("utf8")),
      () => undefined,
    );
  }
  return {
    hostname: machine.hostname,
    platform: machine.platform,
    operatingSystem: name ?? machine.kernel,
    architecture: machine.architecture,
    agentVersion,
  };
}

/** PRETTY_NAME of os-release(5), with the quoting of the shell undone. */
export function prettyName(osRelease: string): string | undefined {
  const value = /^PRETTY_NAME=(.*)$/m.exec(osRelease)?.[1]?.trim();
  if (value === undefined) return undefined;
  const quoted = /^"(.*)"$/.exec(value) ?? /^'(.*)'$/.exec(value);
  const name = (quoted?.[1] ?? value).replace(/\\(["$`\\])/g, "$1").replace(/\p{C}/gu, "");
  return name === "" ? undefined : name.slice(0, 200);
}
