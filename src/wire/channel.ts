/**
 * A connection that carries whole records both ways. The net layer makes one of a TLS socket; tests make one of two
 * queues (`createChannelPair`). Every bound on size and time is the maker's.
 */
export interface Channel {
  /** Resolves when there is room for more: whoever awaits it cannot outrun the peer. Rejects once the channel is closed. */
  send(record: Uint8Array): Promise<void>;
  /** The peer's records, once: ends when the peer closes cleanly, throws when the connection breaks or breaks a bound. */
  readonly records: AsyncIterable<Buffer>;
  /** Ends the connection; what `records` has not delivered is dropped. */
  close(): void;
}

/** Two ends in one process, in order, with room for `capacity` records each way. */
export function createChannelPair(capacity = 64): [Channel, Channel] {
  const there = createPipe(capacity);
  const back = createPipe(capacity);
  const close = () => {
    there.close();
    back.close();
  };
  return [
    { send: there.push, records: back.records, close },
    { send: back.push, records: there.records, close },
  ];
}

function createPipe(capacity: number) {
  const queue: Buffer[] = [];
  let closed = false;
  let wake = () => {};
  let changed = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const notify = () => {
    wake();
    changed = new Promise((resolve) => {
      wake = resolve;
    });
  };
  return {
    async push(record: Uint8Array) {
      while (!closed && queue.length >= capacity) await changed;
      if (closed) throw new Error("the channel is closed");
      queue.push(Buffer.from(record));
      notify();
    },
    close() {
      closed = true;
      notify();
    },
    records: (async function* () {
      for (;;) {
        const record = queue.shift();
        if (record !== undefined) {
          notify();
          yield record;
        } else if (closed) return;
        else await changed;
      }
    })(),
  };
}
