import { type Address, normalizeAddresses } from "./address.ts";
import { byFamily, type Rule } from "./rule.ts";

/** The addresses between which replies travel, one family at a time; null stands for any address. */
export interface ReplyPeers {
  readonly family: 4 | 6;
  readonly sources: readonly Address[] | null;
  readonly destinations: readonly Address[] | null;
}

/**
 * Who exchanges packets with whom once a conversation has begun, in both directions, each pair once. A host's own rules
 * name only the other end: `own` says which of the two that leaves out.
 */
export function replyPeers(rules: readonly Rule[], own: "source" | "destination" | "neither"): ReplyPeers[] {
  const pairs = rules.flatMap(byFamily).flatMap(({ family, direction, sources, destinations }) => {
    if (own === "neither") {
      return [
        { family, sources, destinations },
        { family, sources: destinations, destinations: sources },
      ];
    }
    const peer = direction === "in" ? sources : destinations;
    return [
      own === "destination"
        ? { family, sources: peer, destinations: null }
        : { family, sources: null, destinations: peer },
    ];
  });
  if (own !== "neither") return merged(pairs, own === "destination" ? "sources" : "destinations");
  return [...new Map(pairs.map((pair) => [keyOf(pair), pair])).values()];
}

function merged(pairs: readonly ReplyPeers[], end: "sources" | "destinations"): ReplyPeers[] {
  return ([4, 6] as const).flatMap((family) => {
    const peers = pairs.filter((pair) => pair.family === family).map((pair) => pair[end]);
    if (peers.length === 0) return [];
    const all = peers.includes(null) ? null : normalizeAddresses(peers.flatMap((list) => list ?? []));
    return [{ family, sources: null, destinations: null, [end]: all }];
  });
}

function keyOf({ family, sources, destinations }: ReplyPeers): string {
  const text = (list: readonly Address[] | null) =>
    list?.map(({ address, prefix }) => `${address}/${prefix}`).join() ?? "any";
  return `${family} ${text(sources)} ${text(destinations)}`;
}
