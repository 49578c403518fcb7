import { readFileSync } from "node:fs";

/** Names of users and groups by number, as the host knows them. */
export interface OwnerNames {
  userName(uid: number): string | undefined;
  groupName(gid: number): string | undefined;
}

/** From /etc/passwd and /etc/group; Node does not ask the name service. Numbers without a name are restored as numbers. */
export function readOwnerNames(): OwnerNames {
  const users = readNames("/etc/passwd");
  const groups = readNames("/etc/group");
  return { userName: (uid) => users.get(uid), groupName: (gid) => groups.get(gid) };
}

const NAME_BYTES_MAX = 256;

function readNames(path: string): Map<number, string> {
  const names = new Map<number, string>();
  let text = "";
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return names;
  }
  for (const line of text.split("\n")) {
    const [name, , number] = line.split(":");
    if (name === undefined || name === "" || number === undefined || !/^\d+$/.test(number)) continue;
    if (!names.has(Number(number)) && Buffer.byteLength(name) <= NAME_BYTES_MAX) names.set(Number(number), name);
  }
  return names;
}
