import type { Host } from "../../model/host.ts";

// Groups are paths of names, `tokyo/web`: a host is in its own group and in those above it. A group is there as long as
// a host is in it.

/** Whether the group `path` is `group` or lies below it. */
export function isInGroup(path: string, group: string): boolean {
  return path === group || path.startsWith(`${group}/`);
}

/** `tokyo/web` → `tokyo`, `tokyo/web`. */
export function groupsAbove(path: string): string[] {
  const names = path.split("/");
  return path === "" ? [] : names.map((_, index) => names.slice(0, index + 1).join("/"));
}

type Decided = Pick<Host, "group" | "watched" | "means">;

/** What the operator decided of each host, at hand without the database. */
export class HostDecisions {
  readonly #hosts = new Map<string, Decided>();

  set(hostId: string, { group, watched, means }: Decided): void {
    this.#hosts.set(hostId, { group, watched, means });
  }

  remove(hostId: string): void {
    this.#hosts.delete(hostId);
  }

  groupOf(hostId: string): string {
    return this.#hosts.get(hostId)?.group ?? "";
  }

  /** A host that has just enrolled has one. */
  hasAgent(hostId: string): boolean {
    return (this.#hosts.get(hostId)?.means ?? "agent") === "agent";
  }

  /** Whether all that is known of it is what its Windows sends by itself. */
  isKnownByEvents(hostId: string): boolean {
    return this.#hosts.get(hostId)?.means === "windows-events";
  }

  /** A host that has just enrolled is. */
  isWatched(hostId: string): boolean {
    return this.#hosts.get(hostId)?.watched ?? true;
  }
}
