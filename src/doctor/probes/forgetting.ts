const TIMEOUT_FILE = "/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_established";

/**
 * Seconds of silence after which this host's own connection tracking forgets an established connection
 * (nf_conntrack-sysctl); null where nothing tracks connections, or this system does not say.
 */
export async function readForgetting(readText: (path: string) => Promise<string>): Promise<number | null> {
  const seconds = Number.parseInt(await readText(TIMEOUT_FILE).catch(() => ""), 10);
  return Number.isSafeInteger(seconds) && seconds >= 0 ? Math.min(seconds, 0xffff_ffff) : null;
}
