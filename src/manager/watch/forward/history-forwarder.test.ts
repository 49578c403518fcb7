import { beforeEach, describe, expect, it } from "vitest";
import type { HostReadings } from "../../../model/reading.ts";
import { SettingsError } from "../../../runtime/errors.ts";
import { FakeClock } from "../../../runtime/fake-clock.ts";
import { silentLog } from "../../../runtime/log.ts";
import { wrapInSnappy } from "../../../wire/snappy.ts";
import {
  createHistoryForwarder,
  FORWARD_LIMITS,
  type ForwardOutcome,
  type HistoryForwarder,
} from "./history-forwarder.ts";
import { openRemoteWrite } from "./remote-write.ts";
import { encodeWriteRequest } from "./write-request.ts";

let clock: FakeClock;
let sent: Buffer[];
let answers: ForwardOutcome[];
let lines: string[];
let forwarder: HistoryForwarder;

beforeEach(() => {
  clock = new FakeClock(1_000);
  [sent, answers, lines] = [[], [], []];
  const log = { ...silentLog, warn: (values: object, text: string) => lines.push(`${text} ${JSON.stringify(values)}`) };
  forwarder = createHistoryForwarder({
    send: async (body) => {
      sent.push(body);
      return answers.shift() ?? { kind: "done" };
    },
    clock,
    log: log as typeof silentLog,
  });
});

const SAMPLE = { host: "web1", component: "memory", measure: "used", unit: "ratio", value: 0.5, atMs: 1_000 } as const;

function look(...values: (number | null)[]): HostReadings {
  const reading = { component: "memory", measure: "used", unit: "ratio", state: "ok", summary: "" } as const;
  return { readAtMs: 0, readings: values.map((value) => ({ ...reading, value })) };
}

describe("forwarding", () => {
  it("sends what was read, and nothing for what could not be read", async () => {
    forwarder.take("web1", look(0.5, null));
    await forwarder.start();
    await clock.advance(FORWARD_LIMITS.sendIntervalMs);
    expect(sent).toEqual([wrapInSnappy(encodeWriteRequest([SAMPLE]))]);
    await clock.advance(FORWARD_LIMITS.sendIntervalMs);
    expect(sent).toHaveLength(1);
    await forwarder.stop();
  });

  it("tries again, later and later, says so once, and loses nothing meanwhile", async () => {
    answers = [1, 2, 3].map(() => ({ kind: "later", reason: "answered 503" }));
    forwarder.take("web1", look(0.5));
    await forwarder.start();
    await clock.advance(FORWARD_LIMITS.sendIntervalMs + 2_000 + 4_000 + 8_000);
    expect(sent).toHaveLength(4);
    expect(new Set(sent.map(String)).size).toBe(1);
    expect(lines).toEqual([expect.stringMatching(/engine does not take readings.*503/)]);
    await forwarder.stop();
  });

  it("gives up what is refused, and goes on with the rest", async () => {
    answers = [{ kind: "refused", reason: "answered 400: out of order" }];
    forwarder.take("web1", look(...Array(FORWARD_LIMITS.samplesPerRequest + 1).fill(0.5)));
    await forwarder.start();
    await clock.advance(FORWARD_LIMITS.sendIntervalMs * 2);
    expect(sent).toHaveLength(2);
    expect(lines.at(-1)).toContain(`"samples":${FORWARD_LIMITS.samplesPerRequest}`);
    await forwarder.stop();
  });

  it("drops the oldest where the engine is away for too long, and counts them", async () => {
    for (let index = 0; index < 3; index++) {
      forwarder.take("web1", look(...Array(FORWARD_LIMITS.samplesWaiting / 2).fill(index)));
    }
    await forwarder.start();
    await clock.advance(FORWARD_LIMITS.sendIntervalMs * 2);
    expect(sent).toHaveLength(FORWARD_LIMITS.samplesWaiting / FORWARD_LIMITS.samplesPerRequest);
    expect(lines).toEqual([expect.stringContaining(`"samples":${FORWARD_LIMITS.samplesWaiting / 2}`)]);
    await forwarder.stop();
  });
});

describe("a write request", () => {
  it("is what the protocol's schema says, byte by byte", () => {
    // WriteRequest.timeseries[0] { labels { name value }…, samples { value timestamp } }, written out by hand.
    const label = (name: string, value: string) => {
      const inner = `0a${hexLength(name)}${hex(name)}12${hexLength(value)}${hex(value)}`;
      return `0a${(inner.length / 2).toString(16).padStart(2, "0")}${inner}`;
    };
    const labels =
      label("__name__", "rusuban_reading_ratio") +
      label("component", "memory") +
      label("host", "web1") +
      label("measure", "used");
    const sample = "120c09000000000000e03f10e807";
    const series = labels + sample;
    expect(encodeWriteRequest([SAMPLE]).toString("hex")).toBe(`0a${(series.length / 2).toString(16)}${series}`);
  });

  it("in snappy is its length and literals of at most 64 KiB", () => {
    const wrapped = wrapInSnappy(Buffer.alloc(65_537, 7));
    expect(wrapped.subarray(0, 6).toString("hex")).toBe("818004f4ffff");
    expect(wrapped.subarray(6 + 65_536).toString("hex")).toBe("f4000007");
  });
});

it.each([
  ["ftp://prometheus.example/", "", /no http or https URL/],
  ["prometheus", "", /no http or https URL/],
  ["https://me:secret@prometheus.example/", "", /secrets go into a token file/],
  ["https://prometheus.example/", "/nowhere/token", /does not exist/],
])("refuses %s with token file %j", async (url, tokenFile, problem) => {
  const opening = openRemoteWrite({ url, tokenFile }, new FakeClock());
  await expect(opening).rejects.toThrow(SettingsError);
  await expect(opening).rejects.toThrow(problem);
});

function hex(text: string): string {
  return Buffer.from(text).toString("hex");
}

function hexLength(text: string): string {
  return text.length.toString(16).padStart(2, "0");
}
