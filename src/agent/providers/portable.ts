import { cpus, freemem, loadavg, totalmem, uptime } from "node:os";
import { reading, unknownReading } from "../../model/create-reading.ts";
import { count, formatBytes, formatDuration, formatPercent } from "../../model/quantity.ts";
import type { Provider } from "./provider.ts";

/** What the runtime knows of any platform, and `unknown` for the rest: no guess, and no silence. */
export function createPortableProviders(platform: string): Provider[] {
  const notYet = (component: string, measure: string): Provider => ({
    name: component,
    read: async () => [unknownReading(component, measure, { unit: "none", reason: `not read on ${platform}` })],
  });
  return [
    {
      name: "memory",
      async read() {
        const used = 1 - freemem() / totalmem();
        const summary = `${formatPercent(used)} used: ${formatBytes(freemem())} of ${formatBytes(totalmem())} free`;
        return [reading("memory", "used", { value: used, unit: "ratio", summary })];
      },
    },
    {
      name: "load",
      async read() {
        // Node answers three zeros on Windows, which has no such thing.
        if (platform === "win32")
          return [unknownReading("load", "load5", { unit: "none", reason: "Windows has no load" })];
        const processors = Math.max(1, cpus().length);
        return loadavg().map((load, index) =>
          reading("load", ["load1", "load5", "load15"][index] ?? "load", {
            value: load / processors,
            unit: "none",
            summary: `${load.toFixed(2)} on ${count(processors, "processor")}`,
          }),
        );
      },
    },
    {
      name: "uptime",
      read: async () => [
        reading("host", "uptime", {
          value: uptime(),
          unit: "seconds",
          summary: `up for ${formatDuration(uptime() * 1000)}`,
        }),
      ],
    },
    notYet("file systems", "used"),
    notYet("services", "running"),
    notYet("network", "received"),
  ];
}
