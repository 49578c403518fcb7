import { describe, expect, it } from "vitest";
import { FakeClock } from "../runtime/fake-clock.ts";
import { Admission, addressKey, plainAddress } from "./admission.ts";
import { LISTENER_LIMITS, REFUSAL_LINES_PER_WINDOW, REFUSAL_WINDOW_MS } from "./limits.ts";
import { createReadableLog } from "./loopback-fixture.ts";
import { createRefusalLog } from "./refusal-log.ts";

const from = (address: string) => ({ address, port: 40_000 });

describe("the log of refusals", () => {
  it("writes the first ones of each kind and counts the rest into one line a window", async () => {
    const [log, clock] = [createReadableLog(), new FakeClock()];
    const refusals = createRefusalLog({ flow: "managerReport", log, clock });
    for (let index = 0; index < 5_000; index += 1)
      refusals.refuse({ refusal: "notTls", ...from(`192.0.2.${index % 250}`) });
    refusals.refuse({ refusal: "revoked", detail: "host web1", ...from("192.0.2.9") });
    expect(log.lines).toHaveLength(REFUSAL_LINES_PER_WINDOW + 1);
    expect(log.lines.at(-1)).toContain("managerReport: refused 192.0.2.9: certificate revoked: host web1");
    await clock.advance(REFUSAL_WINDOW_MS);
    expect(log.lines).toHaveLength(REFUSAL_LINES_PER_WINDOW + 2);
    expect(log.lines.at(-1)).toContain("refused 4990 more: not TLS, last from 192.0.2.249");
    expect(clock.pending).toBe(0);
    refusals.refuse({ refusal: "notTls", ...from("192.0.2.1") });
    expect(log.lines.at(-1)).toContain("refused 192.0.2.1: not TLS");
  });
});

describe("admission", () => {
  it("counts by address and forgets an address that has nothing open", () => {
    const admission = new Admission({
      ...LISTENER_LIMITS,
      handshakesMax: 3,
      handshakesPerAddressMax: 2,
      connectionsMax: 4,
    });
    expect(admission.enter("192.0.2.1")).toBeUndefined();
    expect(admission.enter("192.0.2.1")).toBeUndefined();
    expect(admission.enter("192.0.2.1")).toBe("tooManyFromAddress");
    expect(admission.enter("192.0.2.2")).toBeUndefined();
    expect(admission.enter("192.0.2.3")).toBe("tooManyHandshakes");
    admission.endHandshake("192.0.2.1");
    expect(admission.enter("192.0.2.3")).toBeUndefined();
    admission.endHandshake("192.0.2.3");
    expect(admission.enter("192.0.2.4")).toBe("tooManyConnections");
    admission.endHandshake("192.0.2.1");
    admission.endHandshake("192.0.2.2");
    for (let count = 0; count < 4; count += 1) admission.leave();
    expect([admission.open, admission.handshakes, admission.addresses]).toEqual([0, 0, 0]);
  });

  it.each([
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8:1:2::9", "2001:db8:1:2::/64"],
    ["2001:db8::9", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["1::", "1:0:0:0::/64"],
  ])("takes %s for %s", (address, key) => {
    expect(addressKey(address)).toBe(key);
  });

  it("writes an IPv4 address as people do", () => {
    expect(plainAddress("::ffff:192.0.2.1")).toBe("192.0.2.1");
    expect(plainAddress("::ffff:1")).toBe("::ffff:1");
  });
});
