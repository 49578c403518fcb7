import { codeOf, reasonOf, SettingsError } from "../runtime/errors.ts";
import { findPortOwner } from "./port-owner.ts";

/** What a failed `listen` or `bind` means to the operator: one line with the setting, the owner where it can be known, and what to do. */
export async function explainListenError(
  error: unknown,
  { flow, host, port, transport = "tcp" }: { flow: string; host: string; port: number; transport?: "tcp" | "udp" },
): Promise<SettingsError> {
  const key = `ports.${flow}`;
  switch (codeOf(error)) {
    case "EADDRINUSE": {
      const owner = await findPortOwner({ port, transport });
      const mend = `set ${key} to another port`;
      if (owner === undefined) return new SettingsError(key, `${port} is already in use: ${mend}`);
      if (owner === "hidden") {
        return new SettingsError(
          key,
          `${port} is already in use by another user's process (root can see which): ${mend}`,
        );
      }
      const { command, pid } = owner;
      return new SettingsError(key, `${port} is already in use by ${command} (pid ${pid}): stop it, or ${mend}`);
    }
    case "EACCES":
    case "EPERM":
      return new SettingsError(
        key,
        `${port} needs a privilege that this process lacks: grant it CAP_NET_BIND_SERVICE, or set ${key} to a port above 1023`,
      );
    case "EADDRNOTAVAIL":
      return new SettingsError(key, `cannot listen on ${host}: not an address of this machine`);
    case "EAFNOSUPPORT":
      return new SettingsError(key, `cannot listen on ${host}: this machine has no such address family`);
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return new SettingsError(key, `cannot listen on ${host}: the name does not resolve`);
    default:
      return new SettingsError(key, `cannot listen on ${host} port ${port}: ${reasonOf(error)}`);
  }
}
