// Ages are told by the manager's clock: a browser whose own is wrong must not show a fresh backup as a day old.

let aheadMs = 0;

/** The Date header of a reply: exact to a second. */
export function noteServerTime(date: string | null): void {
  const said = date === null ? Number.NaN : Date.parse(date);
  if (Number.isNaN(said)) return;
  // The header is cut to whole seconds; half of one is the smallest error to expect.
  const difference = said + 500 - localMs();
  if (Math.abs(difference - aheadMs) > 1_000) aheadMs = difference;
}

/** Milliseconds since 1970, as the manager would say now. */
export function serverNow(): number {
  return localMs() + aheadMs;
}

function localMs(): number {
  // It stands still while a machine sleeps; the next reply mends that.
  return performance.timeOrigin + performance.now();
}
