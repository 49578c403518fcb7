// The other half of the simulated servers: sends reliable indications (DSP1054 §7.10) to the manager's listener, each host
// from its own address over its own connection, one after another or in batches of an agent with a backlog, the next when
// the last was acknowledged. Documents are made once and numbered, so that the sender is not what is measured.

import { once } from "node:events";
import type { TcpNetConnectOpts } from "node:net";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { createAlertIndications } from "../src/agent/indications/alert-indication.ts";
import { CimInstance, type CimProperty } from "../src/cim/cim-instance.ts";
import { writeMessage } from "../src/protocols/cim-xml/message-elements.ts";
import { systemClock as clock } from "../src/runtime/clock.ts";
import { createUuid, systemRandom as random } from "../src/runtime/random.ts";
import { addressOf } from "./watch-hosts.ts";
import { serveParts } from "./watch-parts.ts";

const RETRY_MS = 1_000;
const NUMBER = 8_765_432_109_876n;
const CONTEXT = "context-of-this-host";
const IDENTIFIER = "ACME:identifier-of-this-one";

const REQUEST = "SIMPLEEXPREQ";

/** As a server of somebody else has it: with its own identifier, which is no id of ours. */
function createTemplate(): string {
  const indication = createAlertIndications({ systemName: "fake", clock }).of({
    id: createUuid({ clock, random }),
    ...{ raisedAtMs: clock.now(), severity: "warning", category: "environment", kind: "event" },
    ...{ component: "file system /var/lib/data", condition: "filesystem.filling" },
    summary: "file system /var/lib/data is 91 % full: 12.3 GB of 140 GB are free",
    details: [
      { name: "free", value: "12.3 GB" },
      { name: "type", value: "ext4" },
    ],
  });
  const ours = new Set(["IndicationIdentifier", "SequenceContext", "SequenceNumber"]);
  const properties: CimProperty[] = [
    ...indication.properties.filter(({ name, value }) => !ours.has(name) && value !== null),
    { name: "IndicationIdentifier", type: "string", isArray: false, value: IDENTIFIER },
    { name: "SequenceContext", type: "string", isArray: false, value: CONTEXT },
    { name: "SequenceNumber", type: "sint64", isArray: false, value: NUMBER },
  ];
  const value = new CimInstance({ className: indication.className, properties });
  const call = { name: "ExportIndication", parameters: [{ name: "NewIndication", value }] };
  return writeMessage("1", { kind: "exportRequest", value: call }).toString("utf8");
}

/** One host: its connection and its numbers. */
class Sender {
  readonly #open: () => Promise<TLSSocket>;
  readonly #path: string;
  /** What stands before the request in a document, the request around its two numbers, and what stands behind it. */
  readonly #document: { readonly head: string; readonly request: readonly string[]; readonly tail: string };
  readonly #context = createUuid({ clock, random });
  #socket: TLSSocket | undefined;
  #number = 0;
  acknowledged = 0;
  again = 0;
  refused = 0;

  constructor(
    { index, path, port }: { readonly index: number; readonly path: string; readonly port: number },
    template: string,
  ) {
    this.#open = () => openConnection(addressOf(index), port);
    this.#path = path;
    const own = template.replace(CONTEXT, this.#context);
    const [from, to] = [own.indexOf(`<${REQUEST}>`), own.indexOf(`</${REQUEST}>`) + `</${REQUEST}>`.length];
    const request = own.slice(from, to).split(new RegExp(`${NUMBER}|${IDENTIFIER}`));
    this.#document = { head: own.slice(0, from), request, tail: own.slice(to) };
  }

  /** Sends the next ones until `take`, which is told how many are wanted, gives none any more. */
  async send(take: (wanted: number) => number, batch: number): Promise<void> {
    for (let count = take(batch); count > 0; count = take(batch)) {
      const answer = await this.#deliver(this.#requestOf(count));
      if (answer.startsWith("HTTP/1.1 200") && !answer.includes("<ERROR")) this.acknowledged += count;
      else this.refused += count;
    }
  }

  #requestOf(count: number): string {
    const { head, request, tail } = this.#document;
    const [before = "", between = "", after = ""] = request;
    let requests = "";
    for (let each = 0; each < count; each += 1) {
      requests += `${before}ACME:${this.#context}-${this.#number}${between}${this.#number}${after}`;
      this.#number += 1;
    }
    const isBatch = count > 1;
    const body = `${head}${isBatch ? `<MULTIEXPREQ>${requests}</MULTIEXPREQ>` : requests}${tail}`;
    return (
      `POST ${this.#path} HTTP/1.1\r\nHost: manager\r\nContent-Type: application/xml; charset="utf-8"\r\n` +
      `CIMProtocolVersion: 1.0\r\nCIMExport: MethodRequest\r\n${isBatch ? "CIMExportBatch: " : "CIMExportMethod: ExportIndication"}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
    );
  }

  async connect(): Promise<TLSSocket> {
    let socket = await this.#open().catch(() => undefined);
    while (socket === undefined) {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      socket = await this.#open().catch(() => undefined);
    }
    socket.on("error", () => {}); // "close" follows.
    this.#socket = socket;
    return socket;
  }

  /** Again over a new connection where the manager has ended this one, which it does after some idle seconds. */
  async #deliver(message: string): Promise<string> {
    for (;;) {
      const socket = this.#socket?.destroyed === false ? this.#socket : await this.connect();
      const answer = await exchange(socket, message);
      // 503: too many at once. 408: the connection was idle for too long.
      if (answer?.startsWith("HTTP/1.1 503")) {
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
        this.again += 1;
        continue;
      }
      if (answer !== undefined && !answer.startsWith("HTTP/1.1 408")) return answer;
      this.again += 1;
      socket.destroy();
    }
  }

  close(): void {
    this.#socket?.destroy();
  }
}

/** The answer as it comes; undefined where the connection ended before. */
function exchange(socket: TLSSocket, message: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    let answer = "";
    const end = (whole: string | undefined) => {
      socket.off("data", read).off("close", closed).off("end", closed);
      resolve(whole);
    };
    const closed = () => end(undefined);
    const read = (data: Buffer) => {
      answer += data.toString("latin1");
      const bodyAt = answer.indexOf("\r\n\r\n") + 4;
      if (bodyAt < 4) return;
      const length = Number(/content-length: (\d+)/i.exec(answer)?.[1] ?? 0);
      if (answer.length >= bodyAt + length) end(answer);
    };
    socket.on("data", read).once("close", closed).once("end", closed);
    socket.write(message);
  });
}

async function openConnection(address: string, port: number): Promise<TLSSocket> {
  const from: ConnectionOptions & TcpNetConnectOpts = { host: "127.0.0.1", port, localAddress: address };
  const socket = connect({ ...from, rejectUnauthorized: false });
  await once(socket, "secureConnect");
  return socket.setNoDelay(true);
}

let senders: Sender[] = [];
let first = 0;

const works = {
  /** A host for each path; it connects when it has something to tell. */
  async open({ paths, port }: { readonly paths: readonly string[]; readonly port: number }) {
    const template = createTemplate();
    senders = paths.map((path, index) => new Sender({ index, path, port }, template));
    return { documentBytes: Buffer.byteLength(template) };
  },
  /** Sends so many in all, over so many connections at once, so many in a request, as fast as they are acknowledged. */
  async send({ count, lines, batch }: { readonly count: number; readonly lines: number; readonly batch: number }) {
    const [begun, before] = [performance.now(), process.cpuUsage()];
    const sum = (of: (sender: Sender) => number) => senders.reduce((total, sender) => total + of(sender), 0);
    const [acknowledged, again] = [sum((sender) => sender.acknowledged), sum((sender) => sender.again)];
    let left = count;
    const take = (wanted: number) => {
      const taken = Math.min(wanted, left);
      left -= taken;
      return taken;
    };
    // Other hosts each time.
    first = (first + lines) % senders.length;
    const turn = [...senders.slice(first), ...senders.slice(0, first)].slice(0, lines);
    await Promise.all(turn.map((sender) => sender.send(take, batch)));
    const { user, system } = process.cpuUsage(before);
    return {
      seconds: (performance.now() - begun) / 1_000,
      cpuSeconds: (user + system) / 1e6,
      acknowledged: sum((sender) => sender.acknowledged) - acknowledged,
      again: sum((sender) => sender.again) - again,
      refused: sum((sender) => sender.refused),
    };
  },
  close() {
    for (const sender of senders) sender.close();
    senders = [];
  },
} as const;
export type SenderWorks = typeof works;

serveParts(works, async () => works.close());
