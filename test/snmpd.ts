import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findFreePort } from "../src/net/free-port.ts";

// The real server (package snmpd) on the loopback address, at an unprivileged port, with nothing of this machine's own
// configuration.

/** Undefined where it is not installed. */
export function versionOfSnmpd(): string | undefined {
  try {
    return /\d+(\.\d+)+/.exec(execFileSync("snmpd", ["-v"], { encoding: "utf8", stdio: "pipe" }))?.[0];
  } catch {
    return undefined;
  }
}

export const SNMPD = {
  community: "watch-only",
  user: "watcher",
  hash: "SHA-256",
  password: "correct horse",
  privacyPassword: "battery staple",
} as const;

/** Keys of 256 bits, made in the two ways that there are. */
export const STRONG_USERS = [
  { name: "strong", cipher: "AES-256", ours: "aes256" },
  { name: "strong-too", cipher: "AES-256-C", ours: "aes256-reeder" },
] as const;

export async function startSnmpd(): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "rusuban-snmpd-"));
  const port = await findFreePort({ host: "127.0.0.1", transport: "udp" });
  const { community, user, hash, password, privacyPassword } = SNMPD;
  const lines = [
    `agentaddress udp:127.0.0.1:${port}`,
    `rocommunity ${community} 127.0.0.1`,
    `createUser ${user} ${hash} "${password}" AES "${privacyPassword}"`,
    `rouser ${user} priv`,
    ...STRONG_USERS.flatMap(({ name, cipher }) => [
      `createUser ${name} SHA-512 "${password}" ${cipher} "${privacyPassword}"`,
      `rouser ${name} priv`,
    ]),
    "proc no-such-program",
    "sysName snmpd.example",
  ];
  await writeFile(join(folder, "snmpd.conf"), `${lines.join("\n")}\n`);
  const env = { ...process.env, SNMP_PERSISTENT_DIR: folder, SNMPCONFPATH: folder, MIBS: "" };
  const program = spawn("snmpd", ["-f", "-Lo", "-C", "-c", join(folder, "snmpd.conf")], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  await untilItSays(program, /NET-SNMP version/);
  return {
    port,
    async stop() {
      const ended = new Promise((resolve) => program.once("close", resolve));
      program.kill("SIGTERM");
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}

function untilItSays(program: ChildProcess, wanted: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    const hear = (text: Buffer) => {
      said += text;
      if (wanted.test(said)) resolve();
    };
    program.stdout?.on("data", hear);
    program.stderr?.on("data", hear);
    program.once("error", reject);
    program.once("close", (code) => reject(new Error(`snmpd ended with ${code}: ${said}`)));
  });
}
