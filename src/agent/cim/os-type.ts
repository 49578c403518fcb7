/** OSType of distributions by `ID` of os-release(5), 32 and 64 bits (CIM_OperatingSystem.OSType). */
const LINUX: Readonly<Record<string, readonly [number, number]>> = {
  rhel: [79, 80],
  sles: [84, 85],
  ubuntu: [93, 94],
  debian: [95, 96],
  centos: [106, 107],
  ol: [108, 109],
};
/** "LINUX", "Linux 64-Bit", "WINNT", "MACOS". */
const [OTHER, ANY_LINUX, ANY_LINUX_64, WINDOWS, MACOS] = [1, 36, 101, 18, 2];

export function osTypeOf(platform: string, distribution: string | null, architecture: string): number {
  if (platform === "win32") return WINDOWS;
  if (platform === "darwin") return MACOS;
  if (platform !== "linux") return OTHER;
  const is64Bit = /64|s390x/.test(architecture);
  const known = distribution === null ? undefined : LINUX[distribution];
  return known?.[is64Bit ? 1 : 0] ?? (is64Bit ? ANY_LINUX_64 : ANY_LINUX);
}

/** A value of os-release(5) without its quotes. */
export function releaseValue(release: string | null, name: string): string | null {
  const value = new RegExp(`^${name}=(.*)$`, "m").exec(release ?? "")?.[1]?.trim();
  return value?.replace(/^(["'])(.*)\1$/, "$2").slice(0, 200) || null;
}
