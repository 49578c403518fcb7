import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tellOfMissingPeer } from "../missing-peer.ts";
import { missingForLab } from "../namespaces.ts";
import { LAUNCHER } from "../stories/running-programs.ts";
import { createManagedHost, HOST, type ManagedHost, PEER, STRANGER } from "./firewall-managers.ts";

const TESTS = "`rusuban firewall` on a host of its own";
const [CONTROL, OTHER] = [10000, 4444];

if (missingForLab(["nft", "ss", "setpriv"]).length > 0) {
  tellOfMissingPeer({ tests: TESTS, install: "iproute2 nftables util-linux" });
} else {
  describe(TESTS, { timeout: 120_000 }, () => {
    let host: ManagedHost;
    let before: string;
    beforeAll(async () => {
      host = await createManagedHost("none");
      await host.listen([CONTROL, OTHER]);
      before = await host.snapshot();
    }, 120_000);
    afterAll(() => host.dispose(), 60_000);

    // Leaves ping, backup-control and backup-data: three rules in two families.
    const MANAGER = [
      ...["--manager", `${PEER[4]},${PEER[6]}`],
      ...["--without", "wsman-https", "--without", "cim-xml"],
    ];
    const line = (words: readonly string[]) => [
      LAUNCHER,
      "firewall",
      ...words,
      ...["--data", `${host.folder}/data`, "--state", `${host.folder}/state`],
    ];
    const rusuban = (...words: readonly string[]) =>
      host.place.run(process.execPath, line(words), { env: { LC_ALL: "C" } });

    it("without root says in one line what to do, and touches nothing", async () => {
      const user = ["--reuid=65534", "--regid=65534", "--clear-groups", process.execPath];
      for (const words of [["diff", ...MANAGER], ["apply", ...MANAGER], ["remove", "--yes"], ["status"]]) {
        const { code, stdout, stderr } = await host.place.run("setpriv", [...user, ...line(words)], {
          env: { LC_ALL: "C" },
        });
        expect([code, stdout]).toEqual([1, ""]);
        expect(stderr).toBe(
          "rusuban: reading and changing the firewall takes root\n" +
            "  run the same command as root (sudo), or send the output of `rusuban firewall render` to whoever is\n",
        );
      }
      expect(await host.snapshot()).toBe(before);
    });

    it("shows the difference as diff does, with an exit code for scripts, and the same as JSON", async () => {
      const shown = await rusuban("diff", ...MANAGER);
      expect(shown.code).toBe(3);
      expect(shown.stdout).toMatch(/^--- now\n\+\+\+ wanted\n@@ -0,0 \+1,6 @@\n(\+inet rusuban input: in .*\n){6}$/);
      const { code, stdout } = await rusuban("diff", ...MANAGER, "--json");
      expect(code).toBe(3);
      expect(JSON.parse(stdout)).toMatchObject({
        ok: true,
        data: { inCharge: "none", kept: 0, changes: { length: 6 } },
      });
      expect(await host.snapshot()).toBe(before);
    });

    it("applies, confirms, finds nothing to change, applies again after somebody's hand, removes", async () => {
      expect(await rusuban("apply", ...MANAGER)).toMatchObject({
        code: 0,
        stderr: expect.stringMatching(/taken back in \d+ s/),
      });
      expect(await rusuban("confirm")).toMatchObject({ code: 0, stdout: "confirmed: 6 rules stay\n" });
      expect(await rusuban("diff", ...MANAGER)).toMatchObject({ code: 0, stdout: "" });
      expect((await rusuban("status")).code).toBe(0);
      await host.place.sh("nft flush chain inet rusuban rusuban-in");
      const changed = await rusuban("status", "--json");
      expect(changed.code).toBe(3);
      expect(JSON.parse(changed.stdout).data.drift).toHaveLength(6);
      expect((await rusuban("apply", "--again", "--revert-after", "0")).code).toBe(0);
      expect((await rusuban("status")).code).toBe(0);
      expect(await rusuban("remove")).toMatchObject({ code: 2, stderr: expect.stringContaining("--yes") });
      expect(await rusuban("remove", "--yes")).toMatchObject({
        code: 0,
        stdout: expect.stringContaining("nothing of ours is left"),
      });
      expect(await host.snapshot()).toBe(before);
    });

    it("denies the rest only when nobody who is connected is shut out", async () => {
      // Two who are connected: the manager, and somebody's terminal.
      const script = `
        import { connect } from "node:net";
        const [host, from, port] = process.argv.slice(1);
        const socket = connect({ host, port: Number(port), localAddress: from });
        socket.on("connect", () => console.log("connected")).on("error", (error) => console.log(error.code));
        process.stdin.on("data", (text) => socket.write(text));`;
      const peer = await host.peer.start(process.execPath, [
        ...["--input-type=module", "--eval", script, HOST[4], STRANGER[4], `${OTHER}`],
      ]);
      await new Promise((resolve) => peer.stdout?.once("data", resolve));

      const refused = await rusuban("apply", ...MANAGER, "--default-deny");
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain(`shut out connections that are open now: ${STRANGER[4]}:${OTHER}\n`);
      expect(refused.stderr).toContain("--admit ADDRESS:PORT");
      expect(await host.snapshot()).toBe(before);

      const admitted = ["--default-deny", "--admit", `${STRANGER[4]}:${OTHER}`];
      expect((await rusuban("apply", ...MANAGER, ...admitted)).code).toBe(0);
      const probes = [
        [PEER[4], CONTROL],
        [PEER[6], CONTROL],
        [STRANGER[4], OTHER],
        [PEER[4], OTHER],
        [STRANGER[6], CONTROL],
      ] as const;
      expect(await host.reaches(...probes)).toEqual([true, true, true, false, false]);
      // The connection lives: what it sends now is acknowledged.
      peer.stdin?.write("still here");
      await expect
        .poll(async () => (await host.peer.run("ss", ["-Htn", "state", "established"])).stdout, { timeout: 20_000 })
        .toMatch(
          new RegExp(
            `^0 +0 +${STRANGER[4].replaceAll(".", "\\.")}:\\d+ +${HOST[4].replaceAll(".", "\\.")}:${OTHER}`,
            "m",
          ),
        );
      expect((await rusuban("revert")).stdout).toBe("taken back: the rules are as they were before\n");
      expect(await host.snapshot()).toBe(before);
    });

    it("speaks Japanese", async () => {
      expect(await rusuban("revert", "--lang", "ja")).toMatchObject({ stdout: "確認待ちの変更はありません\n" });
      expect((await rusuban("confirm", "--lang", "ja")).code).toBe(1);
    });
  });
}
