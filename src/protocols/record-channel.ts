import type { Duplex } from "node:stream";
import { Channel as SocketChannel } from "../net/channel.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Destination } from "../runtime/errors.ts";
import type { Channel } from "../wire/channel.ts";
import { encodeRecord, RecordReader } from "../wire/record.ts";

/** The channel of our own flows: RFC 5531 records over a connected TLS socket. Takes the socket over. */
export function openRecordChannel(
  socket: Duplex,
  {
    destination,
    recordBytesMax,
    idleTimeoutMs,
    clock,
  }: {
    readonly destination: Destination;
    readonly recordBytesMax: number;
    /** The peer's silence that ends the channel. */
    readonly idleTimeoutMs: number;
    readonly clock: Clock;
  },
): Channel {
  const channel = new SocketChannel({
    socket,
    destination,
    encode: encodeRecord,
    reader: new RecordReader({ bytesMax: recordBytesMax }),
    idleTimeoutMs,
    clock,
  });
  return { send: (record) => channel.send(record), records: channel, close: () => void channel.close() };
}
