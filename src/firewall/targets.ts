import { closest } from "../ports/closest.ts";
import { SettingsError } from "../runtime/errors.ts";
import type { Renderer } from "./renderer.ts";
import { acl } from "./targets/acl.ts";
import { aws } from "./targets/aws.ts";
import { firewalld } from "./targets/firewalld.ts";
import { iptables } from "./targets/iptables.ts";
import { netsh } from "./targets/netsh.ts";
import { nftables } from "./targets/nftables.ts";
import { csv, markdown, table } from "./targets/tables.ts";
import { ufw } from "./targets/ufw.ts";
import { windows } from "./targets/windows.ts";

/** Every target, those that run on Linux first. */
export const TARGETS: readonly Renderer[] = [
  nftables,
  iptables,
  firewalld,
  ufw,
  windows,
  netsh,
  aws,
  acl,
  table,
  csv,
  markdown,
];

export const TARGET_NAMES: readonly string[] = TARGETS.map(({ name }) => name);

/** Throws SettingsError with the names that there are. */
export function targetNamed(name: string): Renderer {
  const found = TARGETS.find((target) => target.name === name.toLowerCase());
  if (found !== undefined) return found;
  const [guess] = closest(name, TARGET_NAMES);
  const hint = guess === undefined ? "" : `did you mean ${guess}? `;
  throw new SettingsError("target", `${JSON.stringify(name)} is unknown: ${hint}there are ${TARGET_NAMES.join(", ")}`);
}
