import type { Helper, Sight } from "./helper.ts";

/**
 * The far end in the middle of an examination: what it refuses, or no longer answers, counts as not tried, so that the
 * rest still has its verdicts. `onProblem` hears why.
 */
export function forgive(far: Helper, sight: Sight, onProblem: (error: unknown) => void): Helper {
  const or = <T>(work: Promise<T>, instead: T): Promise<T> =>
    work.catch((error: unknown) => {
      onProblem(error);
      return instead;
    });
  return {
    // Without counters nothing is concluded from them.
    look: (ports) => or(far.look(ports), { ...sight, counters: null }),
    count: (ports) => or(far.count(ports), { counters: null, halfOpen: [] }),
    dial: (order) =>
      or(far.dial(order), { attempts: [], way: { route: "unknown", neighbour: "unknown" }, answered: 0 }),
    listen: (order) =>
      or(far.listen(order), {
        id: 0,
        ports: order.ports.map((port) => ({ port, code: "UNTRIED", accepted: 0, proven: 0 })),
      }),
    hold: (order) => or(far.hold(order), { id: 0, code: "UNTRIED", forgetsAfterS: null }),
    heard: (id) => or(far.heard(id), { ports: [], provenFrom: [], datagrams: [] }),
  };
}
