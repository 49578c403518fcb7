import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, it } from "vitest";
import { SettingsError } from "../../runtime/errors.ts";
import { type ApiFixture, createApiFixture } from "./api-fixture.ts";
import { NONCE_PLACEHOLDER, readConsoleFiles } from "./console-files.ts";

const PAGE = `<!doctype html><meta property="csp-nonce" nonce="${NONCE_PLACEHOLDER}"><script src="/assets/a-1.js"></script>`;
const SCRIPT = "console.log('the script')";
let folder: string;
let fixture: ApiFixture;
let port: number;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "rusuban-console-"));
  await mkdir(join(folder, "console", "assets"), { recursive: true });
  await writeFile(join(folder, "console", "index.html"), PAGE);
  await writeFile(join(folder, "console", "assets", "a-1.js"), SCRIPT);
  await writeFile(join(folder, "console", "notes.txt"), "not a file of the console");
  await writeFile(join(folder, "secret.js"), "the secret");
  fixture = await createApiFixture({ consoleFiles: await readConsoleFiles(join(folder, "console")) });
  await fixture.console.listen({ host: "127.0.0.1", port: 0 });
  const address = fixture.console.server.address();
  port = typeof address === "object" && address !== null ? address.port : 0;
});
afterAll(async () => {
  await fixture.close();
  await rm(folder, { recursive: true });
});

/** Sends the path as it stands: no client in between tidies it up. */
function ask(path: string, headers: Record<string, string> = {}) {
  return new Promise<{ status: number | undefined; headers: Record<string, unknown>; bytes: Buffer }>(
    (resolve, reject) => {
      request({ host: "127.0.0.1", port, path, headers }, async (response) => {
        const pieces: Buffer[] = [];
        for await (const piece of response) pieces.push(piece as Buffer);
        resolve({ status: response.statusCode, headers: response.headers, bytes: Buffer.concat(pieces) });
      })
        .on("error", reject)
        .end();
    },
  );
}

const UP = ["..", "%2e%2e", "%2E.", ".%2e", "%252e%252e", "..;", "%c0%ae%c0%ae", "\u002e\u002e"];
const SLASHES = ["/", "%2f", "%5c", "\\", "%255c", "%252f", "//", "/./", "%2f%2f"];
const corpus = [
  ...UP.flatMap((up) => SLASHES.map((slash) => `/${up}${slash}secret.js`)),
  ...UP.flatMap((up) => SLASHES.map((slash) => `/assets${slash}${up}${slash}${up}${slash}secret.js`)),
  ...UP.map((up) => `/assets/${up}/index.html`),
  "/etc/passwd",
  "//etc/passwd",
  "/%2fetc%2fpasswd",
  "/file:///etc/passwd",
  "/assets/a-1.js%00.html",
  "/assets/a-1.js/",
  "/assets/A-1.js",
  "/assets/",
  "/assets",
  "/notes.txt",
  "/index.html",
  "/__proto__",
  "/constructor",
];

it("serves nothing but its own files, however the path is written", async () => {
  for (const path of [...corpus, join(folder, "secret.js")]) {
    const { status, bytes } = await ask(path);
    expect([path, status === 404 || status === 400]).toEqual([path, true]);
    expect(bytes.toString()).not.toMatch(/the secret|root:|the script|doctype|not a file/);
  }
});

it("serves the page with a policy that names a nonce of its own each time", async () => {
  const first = await ask("/");
  const second = await ask("/");
  const nonceOf = ({ bytes }: { bytes: Buffer }) => /nonce="([^"]+)"/.exec(bytes.toString())?.[1];
  expect(nonceOf(first)).toMatch(/^[A-Za-z0-9+/]{24}$/);
  expect(nonceOf(first)).not.toBe(nonceOf(second));
  const policy = String(first.headers["content-security-policy"]);
  expect(policy).toContain(`'nonce-${nonceOf(first)}'`);
  expect(policy).toContain("script-src 'self';");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toContain("unsafe");
  expect(first.headers["cache-control"]).toBe("no-store");
});

it("serves a hashed file for good, compressed where that is understood, and not again where it is known", async () => {
  const plain = await ask("/assets/a-1.js");
  expect(plain.bytes.toString()).toBe(SCRIPT);
  expect(plain.headers).toMatchObject({
    "content-type": "text/javascript; charset=utf-8",
    "cache-control": "public, max-age=31536000, immutable",
    "x-content-type-options": "nosniff",
  });
  const packed = await ask("/assets/a-1.js", { "accept-encoding": "br, gzip" });
  expect(packed.headers["content-encoding"]).toBe("gzip");
  expect(gunzipSync(packed.bytes).toString()).toBe(SCRIPT);
  const again = await ask("/assets/a-1.js", { "if-none-match": String(plain.headers.etag) });
  expect([again.status, again.bytes.length]).toEqual([304, 0]);
});

it("says what to do where the console has not been built", async () => {
  const missing = readConsoleFiles(join(folder, "nowhere"));
  await expect(missing).rejects.toThrow(SettingsError);
  await expect(missing).rejects.toThrow(/run `npm run build`/);
});
