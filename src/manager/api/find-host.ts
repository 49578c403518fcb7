import { ApiError } from "../../api/api-error.ts";
import type { Host } from "../../model/host.ts";
import type { HostDirectory } from "./needs.ts";

/** The host of that id or name. Throws ApiError `not-found`. */
export async function findHost(hosts: Pick<HostDirectory, "find">, reference: string): Promise<Host> {
  const host = await hosts.find(reference);
  if (host !== undefined) return host;
  throw new ApiError(
    "not-found",
    `host: no host is called ${JSON.stringify(reference)}`,
    "`rusuban host list` shows all hosts",
  );
}

/** The id of the host that a filter names; undefined where it names none. Throws ApiError `not-found`. */
export async function findHostId(
  hosts: Pick<HostDirectory, "find">,
  reference: string | undefined,
): Promise<string | undefined> {
  return reference === undefined ? undefined : (await findHost(hosts, reference)).id;
}
