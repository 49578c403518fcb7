import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import { findFreePort, findFreePorts } from "./free-port.ts";
import { explainListenError } from "./listen-error.ts";
import { findPortOwner } from "./port-owner.ts";

const me = { command: basename(process.execPath), pid: process.pid };
const codeError = (code: string) => Object.assign(new Error(`listen ${code}`), { code });

describe("the owner of a port", () => {
  it.each(["127.0.0.1", "::1"])("is found for a TCP listener on %s", async (host) => {
    const server = createServer().listen(0, host);
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    expect(await findPortOwner({ port })).toEqual(me);
    expect(await findPortOwner({ port, transport: "udp" })).toBeUndefined();
    server.close();
  });

  it("is found for a UDP socket", async () => {
    const socket = createSocket("udp4");
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    expect(await findPortOwner({ port: socket.address().port, transport: "udp" })).toEqual(me);
    socket.close();
  });

  it("is nobody where nobody listens", async () => {
    expect(await findPortOwner({ port: await findFreePort({ host: "127.0.0.1" }) })).toBeUndefined();
  });

  it("is hidden where its descriptors cannot be read, and named once they can", async () => {
    const proc = await mkdtemp(join(tmpdir(), "rusuban-proc-"));
    await mkdir(join(proc, "net"));
    const row =
      "   0: 00000000:2710 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100";
    await writeFile(join(proc, "net", "tcp"), `  sl  local_address rem_address   st\n${row}\n`);
    const question = { port: 0x2710, procDirectory: proc };
    expect(await findPortOwner(question)).toBe("hidden");
    await mkdir(join(proc, "812", "fd"), { recursive: true });
    await symlink("socket:[4711]", join(proc, "812", "fd", "5"));
    await writeFile(join(proc, "812", "comm"), "beremote\n");
    expect(await findPortOwner(question)).toEqual({ command: "beremote", pid: 812 });
    await rm(proc, { recursive: true });
    expect(await findPortOwner(question)).toBeUndefined();
  });
});

describe("a failure to listen", () => {
  const where = { flow: "snmpTrap", host: "0.0.0.0", port: 7 };
  it.each([
    ["EACCES", "ports.snmpTrap: 7 needs a privilege that this process lacks: grant it CAP_NET_BIND_SERVICE"],
    ["EADDRNOTAVAIL", "ports.snmpTrap: cannot listen on 0.0.0.0: not an address of this machine"],
    ["EAFNOSUPPORT", "ports.snmpTrap: cannot listen on 0.0.0.0: this machine has no such address family"],
    ["EMFILE", "ports.snmpTrap: cannot listen on 0.0.0.0 port 7: listen EMFILE"],
  ])("with %s is one line that begins with the setting", async (code, text) => {
    const { key, message } = await explainListenError(codeError(code), where);
    expect(key).toBe("ports.snmpTrap");
    expect(message).toMatch(new RegExp(`^${text.replace(/[.]/g, "\\.")}`));
    expect(message).not.toContain("\n");
  });
});

describe("free ports", () => {
  it("are all different and can be listened on", async () => {
    const ports = await findFreePorts({ host: "127.0.0.1", count: 20 });
    expect(new Set(ports).size).toBe(20);
    for (const port of ports) {
      const server = createServer().listen(port, "127.0.0.1");
      await once(server, "listening");
      server.close();
    }
  });

  it("are found for UDP and IPv6", async () => {
    expect(await findFreePort({ host: "127.0.0.1", transport: "udp" })).toBeGreaterThan(0);
    expect(await findFreePort({ host: "::1" })).toBeGreaterThan(0);
  });
});
