import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createKeyAndRequest } from "../../net/identity.ts";
import { createTestAuthority, DAY_MS, type TestAuthority } from "../../net/loopback-fixture.ts";
import { systemClock } from "../../runtime/clock.ts";
import { WireError } from "../../runtime/errors.ts";
import { formatToken, parseToken, readAnswer, signAnswer } from "./pasted-answer.ts";

const nonce = Buffer.alloc(16, 7);
const body = { nonce, hostId: "web1", sight: Buffer.from("what is seen"), dials: [] };
let authority: TestAuthority;
let web1: { key: string; cert: string };
let web2: { key: string; cert: string };

beforeAll(async () => {
  authority = await createTestAuthority();
  const identify = async (hostId: string) => {
    const { key, request } = createKeyAndRequest();
    const order = { peer: { kind: "host", hostId }, key: { request }, validDays: 30 } as const;
    return { key, cert: (await authority.issue(order)).certificate };
  };
  [web1, web2] = await Promise.all([identify("web1"), identify("web2")]);
});
afterAll(() => authority.remove());

const expected = (changed: object = {}) => ({
  nonce,
  hostId: "web1",
  authority: authority.certificate,
  nowMs: systemClock.now(),
  ...changed,
});

describe("a pasted answer", () => {
  it("comes back as it was signed, also with the line breaks of a mail", () => {
    const line = signAnswer(body, web1);
    const broken = (line.match(/.{1,60}/g) ?? []).join("\r\n ");
    expect(readAnswer(broken, expected())).toMatchObject(body);
  });

  it.each<[string, () => string, object, string]>([
    ["another host's", () => signAnswer({ ...body, hostId: "web2" }, web2), {}, "it is another host's"],
    ["signed by another host in its name", () => signAnswer(body, web2), {}, "it is another host's"],
    ["to another line", () => signAnswer({ ...body, nonce: Buffer.alloc(16, 8) }, web1), {}, "another line"],
    [
      "of a certificate that is over",
      () => signAnswer(body, web1),
      { nowMs: systemClock.now() + 40 * DAY_MS },
      "not valid now",
    ],
  ])("is refused: %s", (_, make, changed, reason) => {
    expect(() => readAnswer(make(), expected(changed))).toThrow(reason);
  });

  it("is refused: of another authority", async () => {
    const other = await createTestAuthority();
    const line = signAnswer(body, web1);
    expect(() => readAnswer(line, expected({ authority: other.certificate }))).toThrow(
      "not signed by a host of this manager",
    );
    await other.remove();
  });

  it("is refused when a part of it is missing, or changed", () => {
    const line = signAnswer(body, web1);
    for (const cut of [1, 10, Math.floor(line.length / 2), line.length - 8]) {
      expect(() => readAnswer(line.slice(0, cut), expected())).toThrow();
    }
    expect(() => readAnswer("", expected())).toThrow(WireError);
    expect(() => readAnswer("not an answer at all", expected())).toThrow(WireError);
  });
});

it("a token is its nonce and its end, and nothing else is one", () => {
  const token = { nonce, expiresAtMs: 1_800_000_000_000 };
  expect(parseToken(` ${formatToken(token)}\n`)).toEqual(token);
  for (const line of ["", "AAAA", `${formatToken(token)}AAAA`]) expect(() => parseToken(line)).toThrow(WireError);
});
