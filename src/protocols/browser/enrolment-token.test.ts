import { expect, it } from "vitest";
import { SettingsError } from "../../runtime/errors.ts";
import { formatEnrolmentToken, parseEnrolmentToken } from "./enrolment-token.ts";

const token = {
  id: Buffer.alloc(16, 1),
  secret: Buffer.alloc(32, 2),
  authorityFingerprint: Buffer.alloc(32, 3),
  addresses: ["manager.example.jp", "fd77::1"],
  port: 6_200,
};

it("a token survives being pasted, with white space around it", () => {
  const line = formatEnrolmentToken(token);
  expect(line).toMatch(/^rusuban1_[A-Za-z0-9_-]+$/);
  expect(parseEnrolmentToken(` ${line}\n`)).toEqual(token);
});

it("every cut and every changed character is noticed, with advice", () => {
  const line = formatEnrolmentToken(token);
  for (let length = 0; length < line.length; length++) {
    expect(() => parseEnrolmentToken(line.slice(0, length))).toThrow(SettingsError);
  }
  for (let at = 0; at < line.length; at++) {
    const changed = line.slice(0, at) + (line[at] === "A" ? "B" : "A") + line.slice(at + 1);
    expect(() => parseEnrolmentToken(changed)).toThrow(/paste the whole line/);
  }
});
