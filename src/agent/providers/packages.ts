import type { HostSystem } from "./host-system.ts";

export interface SoftwarePackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly manufacturer: string | null;
  readonly format: "deb" | "rpm";
}

/** A full desktop has about 4,000. */
export const PACKAGES_MAX = 20_000;

/** Who manages packages here, and how it is asked for a line a package: name, version, architecture, maker. */
const MANAGERS = [
  {
    format: "deb",
    database: "/var/lib/dpkg/status",
    program: "dpkg-query",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own placeholders.
    args: ["-W", "-f=${db:Status-Status}\\t${Package}\\t${Version}\\t${Architecture}\\t\\n"],
  },
  {
    format: "rpm",
    database: "/var/lib/rpm",
    program: "rpm",
    args: ["-qa", "--qf", "installed\\t%{NAME}\\t%{VERSION}-%{RELEASE}\\t%{ARCH}\\t%{VENDOR}\\n"],
  },
  {
    format: "rpm",
    database: "/usr/lib/sysimage/rpm",
    program: "rpm",
    args: ["-qa", "--qf", "installed\\t%{NAME}\\t%{VERSION}-%{RELEASE}\\t%{ARCH}\\t%{VENDOR}\\n"],
  },
] as const;

/** What is installed, by name; none where no known package manager is. Rejects when it does not answer. */
export async function readPackages(system: HostSystem, signal: AbortSignal): Promise<SoftwarePackage[]> {
  for (const { format, database, program, args } of MANAGERS) {
    if (!(await system.exists(database))) continue;
    const packages = parsePackages(await system.run(program, [...args], signal), format);
    return packages.toSorted((one, other) => (one.name < other.name ? -1 : one.name > other.name ? 1 : 0));
  }
  return [];
}

export function parsePackages(output: string, format: SoftwarePackage["format"]): SoftwarePackage[] {
  return output
    .split("\n")
    .flatMap((line) => {
      const [status, name, version, architecture, maker] = line.split("\t");
      if (status !== "installed" || !name || !version || !architecture) return [];
      return [{ name, version, architecture, manufacturer: maker && maker !== "(none)" ? maker : null, format }];
    })
    .slice(0, PACKAGES_MAX);
}
