import { WireError } from "../runtime/errors.ts";
import { SERVER_SENT_EVENT_BYTES_MAX } from "./limits.ts";

/** One event of an event stream (HTML Living Standard §9.2). `event` is "message" where the server names none. */
export interface ServerSentEvent {
  readonly event: string;
  readonly data: string;
  /** The last id that the server gave; "" before the first. Send it as Last-Event-ID to continue. */
  readonly id: string;
}

/**
 * The events in a stream of bytes, however it is split. Comments (what servers send to keep the line open) and events
 * without data are passed over; an event cut off by the end is dropped (§9.2.6).
 * @throws WireError when one event is longer than `bytesMax`.
 */
export async function* readServerSentEvents(
  body: AsyncIterable<Uint8Array>,
  bytesMax: number = SERVER_SENT_EVENT_BYTES_MAX,
): AsyncGenerator<ServerSentEvent> {
  const decoder = new TextDecoder("utf-8"); // Takes a byte order mark away, as §9.2.5 asks.
  let text = "";
  let event = "";
  let id = "";
  let data: string[] = [];
  let length = 0;
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    for (;;) {
      const end = /\r\n|\n|\r(?!$)/.exec(text); // A carriage return at the end may be half of a pair.
      if (end === null) break;
      const line = text.slice(0, end.index);
      text = text.slice(end.index + end[0].length);
      length += line.length;
      if (length > bytesMax) break;
      if (line === "") {
        if (data.length > 0) yield { event: event || "message", data: data.join("\n"), id };
        event = "";
        data = [];
        length = 0;
        continue;
      }
      const [, field, value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
      if (field === "event") event = value;
      else if (field === "data") data.push(value);
      else if (field === "id" && !value.includes("\0")) id = value;
    }
    if (length + text.length > bytesMax) throw new WireError("event stream", `an event is longer than ${bytesMax}`);
  }
}
