// One subscription that is alive: it reads the journal from its place, and brings what it finds to its sink, one delivery
// at a time, until it is told to end. Nothing here waits for another subscription.

import type { Clock } from "../../runtime/clock.ts";
import { pause } from "../../runtime/clock.ts";
import { reasonOf, WireError } from "../../runtime/errors.ts";
import { parseXml } from "../../wire/xml-reader.ts";
import type { XmlFragment } from "../../wire/xml-writer.ts";
import type { Pulled, PullLimits } from "./enumeration-contexts.ts";
import { contentTypeOf, encodeEnvelope, headerOf, readEnvelope } from "./envelope.ts";
import { type Delivery, writeDelivery } from "./event-message.ts";
import type { EventStorage, JournalEvent, StoredSubscription } from "./event-storage.ts";
import { Fault, readFault, refuse } from "./fault.ts";
import { ACTION, type EndStatus, NS, OPENWSMAN_ACK } from "./names.ts";

/** Events that are looked at in one go, beyond those that a delivery holds at most. */
const READ_AHEAD = 64;
const DELIVERY_TIMEOUT_MS = 30_000;
/** Of a sink's answer: an acknowledgement takes 1 kB. */
const ACKNOWLEDGEMENT_BYTES_MAX = 64 * 1024;
const BACKOFF_MS = 1_000;
const BACKOFF_MS_MAX = 300_000;

export interface SinkRequest {
  readonly url: string;
  readonly contentType: string;
  readonly body: Buffer;
  readonly bytesMax: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Brings one delivery to a sink. @throws ConnectError and what else keeps it from arriving: it is tried again. */
export type PostToSink = (
  request: SinkRequest,
) => Promise<{ readonly status: number; readonly contentType: string; readonly body: Buffer }>;

/** What became of a delivery. */
type Outcome = { readonly kind: "delivered" } | { readonly kind: "failed" | "refused"; readonly reason: string };

export interface ActiveNeeds {
  readonly storage: EventStorage;
  readonly post: PostToSink;
  readonly clock: Clock;
  readonly newMessageId: () => string;
  /** The event as this subscriber gets it; undefined where it does not want it. */
  readonly render: (event: JournalEvent) => XmlFragment | undefined;
  /** The first failure after a success, and the first success after failures: told once each, whatever the number. */
  readonly onFailing: (reason: string) => void;
  readonly onRecovered: (failures: number) => void;
  /** The subscription has ended by itself: take it out. */
  readonly onEnded: (status: EndStatus, reason: string) => void;
}

export class ActiveSubscription {
  readonly #needs: ActiveNeeds;
  readonly #stop = new AbortController();
  #stored: StoredSubscription;
  #wake = () => {};
  #failures = 0;
  #isPulled = false;

  constructor(stored: StoredSubscription, needs: ActiveNeeds) {
    this.#stored = stored;
    this.#needs = needs;
  }

  get stored(): StoredSubscription {
    return this.#stored;
  }

  /** Deliveries in a row that have failed. */
  get failures(): number {
    return this.#failures;
  }

  /** Something is new in the journal. */
  wake(): void {
    this.#wake();
  }

  renew(expiresAtMs: number): void {
    this.#keep({ expiresAtMs });
  }

  stop(): void {
    this.#stop.abort();
    this.#wake();
  }

  /** Delivers until `stop`. Never rejects. */
  async run(): Promise<void> {
    const { signal } = this.#stop;
    const { heartbeatMs, batchMs, itemsMax, mode } = this.#stored.delivery;
    if (mode === "pull") return;
    while (!signal.aborted) {
      this.#noticeLoss();
      if (this.#stored.dropped > 0) {
        const { dropped } = this.#stored;
        if (await this.#deliver({ kind: "dropped", count: dropped })) this.#keep({ dropped: 0 });
        continue;
      }
      let batch = this.#collect({ itemsMax, bytesMax: this.#bytesMax });
      if (batch.items.length === 0) {
        const isDue = !(await this.#news(heartbeatMs));
        if (isDue && !signal.aborted) await this.#deliver({ kind: "heartbeat" });
        continue;
      }
      // What has failed has waited already.
      if (batchMs > 0 && this.#failures === 0 && batch.items.length < itemsMax && !batch.isFull) {
        await pause(this.#needs.clock, batchMs, signal);
        batch = this.#collect({ itemsMax, bytesMax: this.#bytesMax });
      }
      if (signal.aborted) return;
      const isDone = await this.#deliver(
        { kind: "events", items: batch.items, isBatched: mode === "events" },
        batch.position,
      );
      if (isDone) this.#keep({ position: batch.position });
    }
  }

  /** For the delivery mode pull. @throws Fault `timedOut` where nothing came, `concurrency` where somebody waits already. */
  async pull(limits: PullLimits): Promise<Pulled> {
    if (this.#isPulled) refuse("concurrency", "this subscription is being pulled from already");
    this.#isPulled = true;
    try {
      return await this.#nextItems(limits);
    } finally {
      this.#isPulled = false;
    }
  }

  async #nextItems({ itemsMax, bytesMax, charactersMax, timeoutMs }: PullLimits): Promise<Pulled> {
    const deadline = this.#needs.clock.monotonic() + timeoutMs;
    for (;;) {
      this.#noticeLoss();
      const { items, position } = this.#collect({ itemsMax, bytesMax: Math.min(bytesMax, charactersMax) });
      if (items.length > 0) {
        this.#keep({ position });
        return { items, ended: false };
      }
      const left = deadline - this.#needs.clock.monotonic();
      const isNews = left > 0 && (await this.#news(left));
      if (this.#stop.signal.aborted) refuse("invalidEnumerationContext", "the subscription has ended");
      if (!isNews) refuse("timedOut", `no event within ${timeoutMs} ms: pull again`);
    }
  }

  /** Tells the sink that there will be no more, once, whatever comes of it. */
  async sayEnd(status: EndStatus, reason: string): Promise<void> {
    const { endTo } = this.#stored.delivery;
    if (endTo === undefined) return;
    const text = writeDelivery(
      { kind: "end", identifier: `uuid:${this.#stored.id}`, status, reason },
      { to: endTo, messageId: this.#needs.newMessageId(), wantsAck: false, bookmark: undefined },
    );
    // The subscription's own signal has ended with it; this one delivery has its time, and nobody waits for it.
    await this.#post(endTo.address, text, new AbortController().signal).catch(() => {});
  }

  get #bytesMax(): number {
    const { envelopeBytes, charset } = this.#stored.delivery;
    // The headers carry the sink's reference and our bookmark besides what every envelope has.
    const overhead = 4_096 + (this.#stored.delivery.notifyTo?.reference.length ?? 0);
    return (charset === "utf-16" ? Math.floor(envelopeBytes / 2) : envelopeBytes) - overhead;
  }

  /** The next events for this subscriber. An event that is larger than any envelope may be is counted as lost. */
  #collect({ itemsMax, bytesMax }: { itemsMax: number; bytesMax: number }): {
    items: XmlFragment[];
    position: number;
    isFull: boolean;
  } {
    const items: XmlFragment[] = [];
    let { position } = this.#stored;
    let bytes = 0;
    // Mostly all that is read is wanted; a filter that lets little pass looks further.
    for (let page = Math.min(itemsMax + 1, READ_AHEAD); ; page = READ_AHEAD) {
      const events = this.#needs.storage.read(position, page);
      for (const event of events) {
        const item = this.#needs.render(event);
        const size = item === undefined ? 0 : Buffer.byteLength(item.toString()) + 128;
        if (items.length > 0 && (bytes + size > bytesMax || items.length >= itemsMax))
          return { items, position, isFull: true };
        position = event.position;
        if (item === undefined) continue;
        if (size > bytesMax) {
          this.#keep({ position, dropped: this.#stored.dropped + 1 });
          continue;
        }
        bytes += size;
        items.push(item);
      }
      if (events.length < page) break;
    }
    if (items.length === 0 && position > this.#stored.position) {
      // In memory only: after a restart the same events are passed over again.
      this.#stored = { ...this.#stored, position };
    }
    return { items, position, isFull: items.length >= itemsMax };
  }

  /** The journal is bounded: who stays away for too long is told how much went by, wanted or not. */
  #noticeLoss(): void {
    const { oldest } = this.#needs.storage.bounds();
    const lost = oldest - 1 - this.#stored.position;
    if (lost > 0) this.#keep({ position: oldest - 1, dropped: this.#stored.dropped + lost });
  }

  /** True when there is something new, false when the time is over. */
  #news(timeoutMs: number | undefined): Promise<boolean> {
    const { storage, clock } = this.#needs;
    if (storage.bounds().newest > this.#stored.position || this.#stop.signal.aborted) return Promise.resolve(true);
    return new Promise((resolve) => {
      const cancel = timeoutMs === undefined ? () => {} : clock.after(timeoutMs, () => settle(false));
      const settle = (isNews: boolean) => {
        cancel();
        this.#wake = () => {};
        resolve(isNews);
      };
      this.#wake = () => settle(true);
    });
  }

  /** True when the sink has it. After a failure it has waited already. */
  async #deliver(delivery: Delivery, bookmark?: number): Promise<boolean> {
    const { clock, onEnded, newMessageId } = this.#needs;
    const { notifyTo, mode, retry, sendBookmarks } = this.#stored.delivery;
    if (notifyTo === undefined) return false;
    const wantsAck = mode !== "push";
    const messageId = newMessageId();
    const headers = { to: notifyTo, messageId, wantsAck, bookmark: sendBookmarks ? bookmark : undefined };
    const outcome = await this.#attempt(notifyTo.address, writeDelivery(delivery, headers), { wantsAck, messageId });
    if (this.#stop.signal.aborted) return outcome.kind === "delivered";
    if (outcome.kind === "delivered") {
      if (this.#failures > 0) this.#needs.onRecovered(this.#failures);
      this.#failures = 0;
      return true;
    }
    this.#failures += 1;
    if (this.#failures === 1) this.#needs.onFailing(outcome.reason);
    if (outcome.kind === "refused" || (retry !== undefined && this.#failures > retry.total)) {
      onEnded(outcome.kind === "refused" ? "sourceCanceling" : "deliveryFailure", outcome.reason);
      return false;
    }
    const backoff = Math.min(BACKOFF_MS * 2 ** (this.#failures - 1), BACKOFF_MS_MAX);
    await pause(clock, retry?.intervalMs ?? backoff, this.#stop.signal);
    return false;
  }

  async #attempt(
    url: string,
    text: string,
    { wantsAck, messageId }: { wantsAck: boolean; messageId: string },
  ): Promise<Outcome> {
    try {
      const { status, contentType, body } = await this.#post(url, text);
      if (body.length > 0 && /xml/i.test(contentType)) {
        const envelope = readEnvelope(parseXml(body, { bytesMax: ACKNOWLEDGEMENT_BYTES_MAX }));
        const fault = readFault(envelope.body);
        if (fault?.subcode === "DeliveryRefused") return { kind: "refused", reason: fault.message };
        if (fault !== undefined) return { kind: "failed", reason: fault.message };
        const action = headerOf(envelope, "Action", NS.wsa)?.text.trim();
        const relatesTo = headerOf(envelope, "RelatesTo", NS.wsa)?.text.trim();
        const isAck = (action === ACTION.ack || action === OPENWSMAN_ACK) && relatesTo === messageId;
        if (isAck && status < 300) return { kind: "delivered" };
      }
      if (status >= 300) return { kind: "failed", reason: `HTTP ${status}` };
      return wantsAck ? { kind: "failed", reason: "no acknowledgement" } : { kind: "delivered" };
    } catch (error) {
      if (error instanceof WireError || error instanceof Fault) {
        return { kind: "failed", reason: `not an acknowledgement: ${error.message}` };
      }
      return { kind: "failed", reason: reasonOf(error) };
    }
  }

  #post(url: string, text: string, signal: AbortSignal = this.#stop.signal) {
    const { charset } = this.#stored.delivery;
    return this.#needs.post({
      url,
      contentType: contentTypeOf(charset),
      body: encodeEnvelope(text, charset),
      bytesMax: ACKNOWLEDGEMENT_BYTES_MAX,
      timeoutMs: DELIVERY_TIMEOUT_MS,
      signal,
    });
  }

  #keep(changes: Partial<StoredSubscription>): void {
    this.#stored = { ...this.#stored, ...changes };
    if (!this.#stop.signal.aborted) this.#needs.storage.putSubscription(this.#stored);
  }
}
