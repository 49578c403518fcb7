// The data server's states (NDMP v4 §3.5.1) for jobs without a data connection: total, so that a forgotten cell does not
// compile. `listen` and `connected` are reached by the standard's data connections only.

export type DataState = "idle" | "active" | "halted";
export type DataEvent = "start" | "finish" | "abort" | "stop";

const no = "illegal"; // Reply illegalState and stay put.
export const DATA_TRANSITIONS: Readonly<Record<DataState, Readonly<Record<DataEvent, DataState | typeof no>>>> = {
  idle: { start: "active", finish: no, abort: no, stop: no },
  active: { start: no, finish: "halted", abort: "halted", stop: no },
  halted: { start: no, finish: "halted", abort: "halted", stop: "idle" },
};

/** The state after `event`, or undefined where the event is illegal in `state`. */
export function nextDataState(state: DataState, event: DataEvent): DataState | undefined {
  const next = DATA_TRANSITIONS[state][event];
  return next === no ? undefined : next;
}
