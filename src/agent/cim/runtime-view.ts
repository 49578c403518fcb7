import { cpus, freemem, networkInterfaces, totalmem, uptime } from "node:os";

/** What the runtime knows on every platform; tests answer for it. */
export interface RuntimeView {
  processors(): readonly { readonly model: string; readonly megahertz: number }[];
  memory(): { readonly total: number; readonly free: number };
  uptimeSeconds(): number;
  addresses(): readonly HostAddress[];
  /** Minutes east of UTC, now. */
  timeZoneMinutes(nowMs: number): number;
}

export interface HostAddress {
  readonly port: string;
  readonly address: string;
  readonly family: "IPv4" | "IPv6";
  readonly netmask: string;
  readonly prefixLength: number | null;
  readonly internal: boolean;
}

export function createRuntimeView(): RuntimeView {
  return {
    processors: () => cpus().map(({ model, speed }) => ({ model: model.trim(), megahertz: speed })),
    memory: () => ({ total: totalmem(), free: freemem() }),
    uptimeSeconds: uptime,
    addresses: () =>
      Object.entries(networkInterfaces()).flatMap(([port, addresses = []]) =>
        addresses.map(({ address, family, netmask, cidr, internal }) => ({
          port,
          address,
          family,
          netmask,
          prefixLength: cidr === null ? null : Number(cidr.split("/")[1]),
          internal,
        })),
      ),
    // Subtracted, not negated: UTC would be -0, which goes out as such.
    timeZoneMinutes: (nowMs) => 0 - new Date(nowMs).getTimezoneOffset(),
  };
}
