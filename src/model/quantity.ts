// Numbers as a tired administrator reads them: two figures, decimal units as disks are sold. Whatever tells a person how
// many bytes there are takes it from here: the agent's sentences, the command line, the console.

const BYTE_UNITS = ["B", "kB", "MB", "GB", "TB", "PB", "EB"] as const;

/** `1.6 GB`, `20 GB`, `512 B`: powers of 1,000. */
export function formatBytes(bytes: number): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  // 999.5 would be shown as 1000 of the smaller unit.
  while (value >= 999.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const figures = unit > 0 && value < 9.95 ? value.toFixed(1) : value.toFixed(0);
  return `${figures} ${BYTE_UNITS[unit]}`;
}

/** `92 %`, rounded down: only what is full is 100 %. */
export function formatPercent(ratio: number): string {
  return `${Math.floor(ratio * 100 + 1e-9)} %`;
}

/** `45 seconds`, `3 minutes`, `2 hours 5 minutes`, `4 days 3 hours`. */
export function formatDuration(durationMs: number): string {
  const seconds = Math.max(0, Math.round(durationMs / 1000));
  if (seconds < 120) return count(seconds, "second");
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return count(minutes, "minute");
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return both(count(hours, "hour"), minutes % 60, "minute");
  return both(count(Math.floor(hours / 24), "day"), hours % 24, "hour");
}

/** `1 process`, `3 processes`. */
export function count(number: number, thing: string, things = `${thing}s`): string {
  return `${number} ${number === 1 ? thing : things}`;
}

function both(first: string, rest: number, unit: string): string {
  return rest === 0 ? first : `${first} ${count(rest, unit)}`;
}
