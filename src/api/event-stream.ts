import { API_LIMITS } from "./limits.ts";

// Server-sent events (WHATWG HTML §9.2), both ways, as far as the contract uses them.

export interface StreamedMessage {
  readonly id: string | undefined;
  readonly event: string;
  readonly data: string;
}

/** Kept alive by this; browsers and parsers skip it. */
export const HEARTBEAT = ": \n\n";

/** `data` has no line break when it is JSON, so one field line is enough. */
export function formatMessage({ id, event, data }: StreamedMessage): string {
  return `${id === undefined ? "" : `id: ${id}\n`}event: ${event}\ndata: ${data}\n\n`;
}

/** Messages out of the bytes of a stream, however they are cut. A message beyond `eventBytes` characters ends it with an error. */
export async function* readMessages(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<StreamedMessage> {
  const decoder = new TextDecoder();
  let waiting = "";
  let id: string | undefined;
  let event = "message";
  let data: string[] = [];
  let length = 0;
  for await (const piece of bytes) {
    waiting += decoder.decode(piece, { stream: true });
    for (let end = waiting.indexOf("\n"); end >= 0; end = waiting.indexOf("\n")) {
      const line = waiting.slice(0, end).replace(/\r$/, "");
      waiting = waiting.slice(end + 1);
      if (line === "") {
        if (data.length > 0) yield { id, event, data: data.join("\n") };
        event = "message";
        data = [];
        length = 0;
        continue;
      }
      const colon = line.indexOf(":");
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
      if (field === "id") id = value;
      else if (field === "event") event = value;
      else if (field === "data") {
        data.push(value);
        length += value.length;
      }
    }
    if (length + waiting.length > API_LIMITS.eventBytes) {
      throw new Error(`events: a message is longer than ${API_LIMITS.eventBytes} characters`);
    }
  }
}
