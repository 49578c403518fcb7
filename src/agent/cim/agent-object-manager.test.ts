import { describe, expect, it } from "vitest";
import { keysOf } from "../../cim/cim-class.ts";
import type { CimError } from "../../cim/cim-error.ts";
import type { CimInstance } from "../../cim/cim-instance.ts";
import { collect } from "../../cim/fixtures/sample-house.ts";
import { systemClock } from "../../runtime/clock.ts";
import { FakeClock } from "../../runtime/fake-clock.ts";
import { WEVTUTIL } from "../providers/windows-event-log.ts";
import { createAgentObjectManager } from "./create-agent-object-manager.ts";
import { FAKE_RUNTIME, fakeMachine, fakeSystem, told } from "./fixtures/fake-machine.ts";

const signal = new AbortController().signal;
const named = (instances: readonly CimInstance[], key: string) =>
  new Map(instances.map((each) => [each.get(key), each]));

describe("the host as CIM", () => {
  it("tells the computer and its operating system", async () => {
    const files = {
      "/sys/class/dmi/id/sys_vendor": "NEC",
      "/sys/class/dmi/id/product_name": "Express5800",
      "/sys/class/dmi/id/product_serial": "To Be Filled By O.E.M.",
      "/sys/class/dmi/id/product_uuid": "4c4c-4544",
    };
    const { all, clock } = fakeMachine({ files });
    const [computer] = await all("CIM_ComputerSystem");
    expect(told(computer, "Name", "Description", "OtherIdentifyingInfo", "OperationalStatus")).toEqual([
      "fake",
      "NEC Express5800",
      ["4c4c-4544"],
      [2],
    ]);
    const [os] = await all("CIM_OperatingSystem");
    expect(
      told(os, "ElementName", "Version", "OSType", "CurrentTimeZone", "TotalVisibleMemorySize", "FreePhysicalMemory"),
    ).toEqual(["Debian GNU/Linux 12 (bookworm)", "12", 96, 540, 8_192_000n, 6_144_000n]);
    expect(String(os?.get("LocalDateTime")).slice(-4)).toBe("+540");
    const booted = String(os?.get("LastBootUpTime"));
    await clock.advance(500);
    expect(String((await all("CIM_OperatingSystem"))[0]?.get("LastBootUpTime"))).toBe(booted);
  });

  it("tells each socket with its load between two looks, and none at the first", async () => {
    const files: Record<string, string> = {};
    const { all, clock, system } = fakeMachine({ files });
    expect((await all("CIM_Processor"))[0]?.get("LoadPercentage")).toBeNull();
    const read = system.read;
    Object.assign(system, {
      read: async (path: string) => (path === "/proc/stat" ? Buffer.from("cpu0 160 0 100 840 0 0 0 0\n") : read(path)),
    });
    await clock.advance(2_000);
    const [processor] = await all("CIM_Processor");
    expect(told(processor, "LoadPercentage", "NumberOfEnabledCores", "CurrentClockSpeed", "AddressWidth")).toEqual([
      60, 1, 2401, 64,
    ]);
  });

  it("tells memory modules by the firmware's tables, and leaves out empty slots", async () => {
    const { all } = fakeMachine({ files: { "/sys/firmware/dmi/tables/DMI": firmwareTable() } });
    const modules = await all("CIM_PhysicalMemory");
    expect(
      modules.map((each) =>
        told(each, "Tag", "Capacity", "MemoryType", "FormFactor", "MaxMemorySpeed", "SerialNumber"),
      ),
    ).toEqual([["DIMM_A1", 17_179_869_184n, 26, 8, 3200, null]]);
    const [processor] = await all("CIM_Processor");
    expect(told(processor, "Family", "MaxClockSpeed", "CPUStatus", "Caption")).toEqual([179, 3800, 1, "CPU1"]);
  });

  it("tells file systems as the readings do, and what they stand on", async () => {
    const mounts =
      "25 1 8:1 / / rw - ext4 /dev/sda1 rw\n26 1 8:2 / /data rw - xfs /dev/sda2 ro\n27 1 0:50 / /net rw - nfs4 nas:/x rw\n";
    const disk = {
      "/sys/block/sda/size": "2000",
      "/sys/block/sda/dev": "8:0",
      "/sys/block/sda/sda1/partition": "1",
      "/sys/block/sda/sda1/dev": "8:1",
      "/sys/block/sda/sda1/size": "1000",
    };
    const { all, associated } = fakeMachine({
      files: { "/proc/self/mountinfo": mounts, ...disk },
      children: { "stat -f": async () => Promise.reject(new Error("nas does not answer")) },
    });
    const found = named(await all("CIM_FileSystem"), "Name");
    expect(told(found.get("/"), "FileSystemSize", "AvailableSpace", "ReadOnly", "OperationalStatus")).toEqual([
      3_891_200_000n,
      1_433_600_000n,
      false,
      [2],
    ]);
    expect(told(found.get("/data"), "ReadOnly", "OperationalStatus")).toEqual([true, [6]]);
    expect(told(found.get("/net"), "FileSystemSize", "OperationalStatus", "HealthState")).toEqual([null, [0], 0]);
    const under = await associated(found.get("/")?.path ?? null, { assocClass: "CIM_ResidesOnExtent" });
    expect(under.map((each) => told(each, "DeviceID", "NumberOfBlocks"))).toEqual([["sda1", 1000n]]);
    const drive = await associated(under[0]?.path ?? null, { assocClass: "CIM_BasedOn" });
    expect(drive.map((each) => each.get("DeviceID"))).toEqual(["sda"]);
  });

  it.each([
    [
      "well",
      { smart_status: { passed: true }, temperature: { current: 31 }, power_on_time: { hours: 9 } },
      [2],
      5,
      "31 °C",
    ],
    ["about to fail", { smart_status: { passed: false } }, [5], 25, "its own test says that it will fail"],
    [
      "losing sectors",
      { smart_status: { passed: true }, ata_smart_attributes: { table: [{ id: 197, raw: { value: 3 } }] } },
      [3],
      15,
      "3 sectors unreadable",
    ],
    ["silent", {}, [0], 0, "it has not told its health (SMART)"],
  ])("takes a drive's word for its health: %s", async (_, said, status, health, words) => {
    const files = { "/sys/block/sda/size": "2000", "/usr/sbin/smartctl": "" };
    const { all } = fakeMachine({ files, children: { "/usr/sbin/smartctl": JSON.stringify(said) } });
    const [drive] = await all("CIM_DiskDrive");
    expect(told(drive, "OperationalStatus", "HealthState", "StatusDescriptions")).toEqual([status, health, [words]]);
  });

  it("does not wait for a drive that takes its time, and knows it later", async () => {
    let answer = (_: string) => {};
    const files = { "/sys/block/sda/size": "2000", "/usr/sbin/smartctl": "" };
    const slow = () =>
      new Promise<string>((resolve) => {
        answer = resolve;
      });
    const { all, clock, system } = fakeMachine({ files, children: { "/usr/sbin/smartctl": slow } });
    const first = all("CIM_DiskDrive");
    await clock.advance(1_000);
    expect(told((await first)[0], "OperationalStatus")).toEqual([[0]]);
    answer('{"smart_status":{"passed":true}}');
    await clock.advance(1_000);
    expect(told((await all("CIM_DiskDrive"))[0], "OperationalStatus")).toEqual([[2]]);
    expect(system.ran).toHaveLength(1);
  });

  it.each([
    ["clean", { array_state: "clean", degraded: "0", sync_action: "idle" }, [2], 5, 1],
    [
      "rebuilding",
      { array_state: "active", degraded: "1", sync_action: "recover", sync_completed: "256 / 1024" },
      [3],
      20,
      0,
    ],
    ["inactive", { array_state: "inactive" }, [10], 20, 1],
  ])("tells an array of disks: %s", async (_, md, status, health, redundancy) => {
    const base = "/sys/block/md0";
    const files: Record<string, string> = {
      [`${base}/size`]: "1000",
      [`${base}/slaves/sda/x`]: "",
      [`${base}/md/level`]: "raid1",
      [`${base}/md/raid_disks`]: "2",
    };
    for (const [name, value] of Object.entries(md)) files[`${base}/md/${name}`] = value;
    const [array] = await fakeMachine({ files }).all("CIM_StorageVolume");
    expect(told(array, "OperationalStatus", "HealthState", "PackageRedundancy")).toEqual([status, health, redundancy]);
    if ("sync_completed" in md)
      expect(array?.get("StatusDescriptions")).toEqual([
        "1 of 2 disks missing; rebuilding onto a replaced disk, 25 % done",
      ]);
  });

  it("tells temperatures, voltages and fans, and unknown is not zero", async () => {
    const chip = "/sys/class/hwmon/hwmon3";
    const { all, associated } = fakeMachine({
      files: {
        [`${chip}/name`]: "nct6775",
        [`${chip}/temp1_input`]: "41500",
        [`${chip}/temp1_label`]: "SYSTIN",
        [`${chip}/temp1_crit`]: "90000",
        [`${chip}/temp2_input`]: "95000",
        [`${chip}/temp2_crit`]: "90000",
        [`${chip}/temp3_input`]: "not a number",
        [`${chip}/in0_input`]: "0",
        [`${chip}/fan1_input`]: "0",
        [`${chip}/fan1_min`]: "600",
        [`${chip}/fan2_input`]: "1200",
        [`${chip}/fan2_fault`]: "1",
        [`${chip}/power1_average`]: "250000000",
      },
    });
    const sensors = named(await all("CIM_NumericSensor"), "DeviceID");
    const reading = (id: string) =>
      told(
        sensors.get(`nct6775:${id}`),
        "CurrentReading",
        "CurrentState",
        "OperationalStatus",
        "BaseUnits",
        "UnitModifier",
      );
    expect(reading("temp1")).toEqual([41_500, "Normal", [2], 2, -3]);
    expect(reading("temp2")).toEqual([95_000, "Upper Critical", [6], 2, -3]);
    expect(reading("temp3")).toEqual([null, "Unknown", [0], 2, -3]);
    expect(reading("in0")).toEqual([0, "Normal", [2], 5, -3]);
    expect(reading("power1")).toEqual([250_000, "Normal", [2], 7, -3]);
    const fans = named(await all("CIM_Fan"), "DeviceID");
    expect(told(fans.get("nct6775:fan1"), "OperationalStatus", "StatusDescriptions")).toEqual([
      [6],
      ["it stands still, and should turn at 600 a minute"],
    ]);
    expect(told(fans.get("nct6775:fan2"), "OperationalStatus")).toEqual([[6]]);
    const measured = await associated(fans.get("nct6775:fan1")?.path ?? null, { assocClass: "CIM_AssociatedSensor" });
    expect(measured.map((each) => told(each, "DeviceID", "CurrentReading"))).toEqual([["nct6775:fan1", 0]]);
  });

  it("asks the management controller where there is one, and holds nothing up for it", async () => {
    const elist = [
      "Inlet Temp       | 04h | ok  |  7.1 | 22 degrees C",
      "Fan1A            | 30h | ok  | 29.1 | 5400 RPM",
      "Fan2A            | 31h | lcr | 29.2 | 120 RPM",
      "PS1 Status       | 85h | ok  | 10.1 | Presence detected",
      "PS2 Status       | 86h | ok  | 10.2 | Presence detected, Power Supply AC lost",
      "CPU1 Temp        | 0Eh | ns  |  3.1 | No Reading",
      "nonsense",
    ].join("\n");
    const { all } = fakeMachine({ files: { "/dev/ipmi0": "" }, children: { "ipmitool sdr elist all": elist } });
    const fans = named(await all("CIM_Fan"), "ElementName");
    expect([...fans.values()].map((fan) => fan.get("OperationalStatus"))).toEqual([[2], [6]]);
    const supplies = await all("CIM_PowerSupply");
    expect(supplies.map((each) => told(each, "DeviceID", "OperationalStatus", "HealthState"))).toEqual([
      ["ipmi:10.1", [2], 5],
      ["ipmi:10.2", [6], 20],
    ]);
    const clock = new FakeClock();
    const silent = fakeMachine({
      clock,
      files: {
        "/dev/ipmi0": "",
        "/sys/class/hwmon/hwmon0/name": "k10temp",
        "/sys/class/hwmon/hwmon0/temp1_input": "30000",
      },
      children: { ipmitool: () => new Promise(() => {}) },
    });
    const sensors = silent.all("CIM_NumericSensor");
    await clock.advance(5_000);
    expect((await sensors).map((each) => each.get("DeviceID"))).toEqual(["k10temp:temp1"]);
    expect(silent.manager.providerHealth().flatMap(({ problem }) => problem ?? [])).toEqual([
      "CIM_NumericSensor: management controller (ipmitool): no answer within 4000 ms",
    ]);
  });

  it("tells network ports with counters, addresses and how they hang together", async () => {
    const port = "/sys/class/net/eth0";
    const { all, associated } = fakeMachine({
      files: {
        "/proc/net/dev": " eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n lo: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n",
        [`${port}/device/x`]: "",
        [`${port}/address`]: "02:fc:00:00:00:01",
        [`${port}/speed`]: "1000",
        [`${port}/duplex`]: "full",
        [`${port}/operstate`]: "up",
        [`${port}/carrier`]: "1",
        [`${port}/statistics/rx_bytes`]: "18446744073709551615",
        [`${port}/statistics/rx_crc_errors`]: "4294967298",
      },
    });
    const [eth0] = await all("CIM_EthernetPort");
    expect(told(eth0, "DeviceID", "Speed", "FullDuplex", "NetworkAddresses", "OperationalStatus")).toEqual([
      "eth0",
      1_000_000_000n,
      true,
      ["02FC00000001"],
      [2],
    ]);
    const counters = await associated(eth0?.path ?? null, { assocClass: "CIM_ElementStatisticalData" });
    expect(counters.map((each) => told(each, "BytesReceived", "BytesTransmitted", "FCSErrors"))).toEqual([
      [18_446_744_073_709_551_615n, null, 2],
    ]);
    const endpoints = await associated(eth0?.path ?? null, { resultClass: "CIM_IPProtocolEndpoint" });
    expect(endpoints.map((each) => told(each, "IPv4Address", "PrefixLength"))).toEqual([["192.0.2.7", 24]]);
  });

  it("tells processes, all and one by one", async () => {
    const process = (pid: number, name: string) => ({
      [`/proc/${pid}/stat`]: `${pid} (${name}) S 1 ${pid} ${pid} 0 -1 0 0 0 0 0 150 50 0 0 20 0 1 0 1000 0 0`,
      [`/proc/${pid}/status`]: "Uid:\t33\t33\t33\t33\nVmRSS:\t  2048 kB\n",
      [`/proc/${pid}/cmdline`]: "/usr/sbin/x\0-f\0a b\0",
    });
    const { all, associated, manager } = fakeMachine({ files: { ...process(7, "x (y) z"), ...process(12, "w") } });
    const [first] = await all("CIM_Process");
    expect(
      told(
        first,
        "Handle",
        "Name",
        "ModulePath",
        "Parameters",
        "RealUserID",
        "UserModeTime",
        "KernelModeTime",
        "WorkingSetSize",
      ),
    ).toEqual(["7", "x (y) z", "/usr/sbin/x", ["-f", "a b"], 33n, 1500n, 500n, 2_097_152n]);
    const path = first?.path;
    if (!path) throw new Error("no path");
    expect((await manager.getInstance({ namespace: "root/cimv2", path, signal })).get("Name")).toBe("x (y) z");
    const [os] = await associated(path);
    expect(os?.className).toBe("CIM_OperatingSystem");
    expect(await associated(os?.path ?? null, { assocClass: "CIM_OSProcess" })).toHaveLength(2);
  });

  const units = [
    "Id=sshd.service\nDescription=OpenSSH\nLoadState=loaded\nActiveState=active\nSubState=running\nResult=success\nUnitFileState=enabled\nMainPID=42",
    "Id=nginx.service\nDescription=nginx\nLoadState=loaded\nActiveState=failed\nSubState=failed\nResult=exit-code\nUnitFileState=disabled\nMainPID=0",
    "Id=gone.service\nLoadState=not-found\nActiveState=inactive",
  ].join("\n\n");
  const systemd = { "/run/systemd/system/x": "" };

  it("tells the services of systemd in both schemas", async () => {
    const { all } = fakeMachine({ files: systemd, children: { "systemctl show": units } });
    expect(
      (await all("CIM_Service")).map((each) => told(each, "Name", "Started", "StartMode", "OperationalStatus")),
    ).toEqual([
      ["sshd.service", true, "Automatic", [2]],
      ["nginx.service", false, "Manual", [6]],
    ]);
    expect(
      (await all("Win32_Service")).map((each) => told(each, "Name", "State", "StartMode", "ProcessId", "Status")),
    ).toEqual([
      ["sshd.service", "Running", "Auto", 42, "OK"],
      ["nginx.service", "Stopped", "Manual", 0, "Error"],
    ]);
  });

  it("starts and stops only services that the operator has named", async () => {
    const children = {
      "systemctl show": units,
      "systemctl start -- nginx.service": "",
      "systemctl stop": async () => Promise.reject(new Error("no")),
    };
    const { all, manager, system } = fakeMachine({
      files: systemd,
      children,
      services: { watched: [], controllable: ["nginx"] },
    });
    const services = named(await all("CIM_Service"), "Name");
    const invoke = async (name: string, method: string, parameters = {}) => {
      const path = services.get(name)?.path;
      if (!path) throw new Error("no path");
      const answer = manager.invokeMethod({ namespace: "root/cimv2", path, method, parameters, signal });
      return answer.then(
        ({ returnValue }) => returnValue,
        (error: CimError) => error.code,
      );
    };
    expect(await invoke("sshd.service", "StopService")).toBe("ACCESS_DENIED");
    expect(await invoke("nginx.service", "StartService")).toBe(0);
    expect(await invoke("nginx.service", "RequestStateChange", { RequestedState: 2 })).toBe(0);
    expect(await invoke("nginx.service", "RequestStateChange", { RequestedState: 7 })).toBe(5);
    expect(await invoke("nginx.service", "StopService")).toBe(4);
    expect(system.ran.filter((command) => !command.includes(" show "))).toEqual([
      "systemctl start -- nginx.service",
      "systemctl start -- nginx.service",
      "systemctl stop -- nginx.service",
    ]);
  });

  it("tells software by name and version, and the newest records of the log", async () => {
    const journal = [
      '{"__CURSOR":"s=1","__REALTIME_TIMESTAMP":"1767323045000000","PRIORITY":"3","SYSLOG_IDENTIFIER":"sshd","MESSAGE":"error"}',
      '{"__CURSOR":"s=2","MESSAGE":[104,105]}',
      "{cut",
    ].join("\n");
    const { all, associated } = fakeMachine({
      files: { ...systemd, "/var/lib/dpkg/status": "", "/sys/class/dmi/id/bios_version": "2.1.0" },
      children: {
        dpkg: "installed\topenssh-server\t1:9.2p1-2\tamd64\t\nconfig-files\told\t1\tall\t\ninstalled\todd\tbuild7\tall\t\n",
        journalctl: journal,
      },
    });
    const software = named(await all("CIM_SoftwareIdentity"), "ElementName");
    expect([...software.keys()].sort()).toEqual(["Linux", "Rusuban agent", "firmware", "odd", "openssh-server"]);
    expect(told(software.get("odd"), "VersionString", "MajorVersion")).toEqual(["build7", null]);
    expect(told(software.get("openssh-server"), "VersionString", "MajorVersion", "MinorVersion")).toEqual([
      "1:9.2p1-2",
      9,
      2,
    ]);
    const [log] = await all("CIM_RecordLog");
    const records = await associated(log?.path ?? null, { resultClass: "CIM_LogEntry" });
    expect(records.map((each) => told(each, "Message", "PerceivedSeverity", "OwningEntity"))).toEqual([
      ["error", 5, "sshd"],
      ["hi", 0, null],
    ]);
    expect(String(records[0]?.get("CreationTimeStamp"))).toBe("20260102030405.000000+000");
  });

  it("has the event logs of Windows for a log where there is nothing else, the newest first", async () => {
    // After the schema of events (MS-EVEN6 §2.2.13): a rendered one, one that has values and no words, and a broken one.
    const event = (channel: string, id: number, level: number, time: string, more: string) =>
      `<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System><Provider Name="disk"/><EventID>7</EventID><Level>${level}</Level>` +
      `<TimeCreated SystemTime="${time}"/><EventRecordID>${id}</EventRecordID><Channel>${channel}</Channel><Computer>w</Computer></System>${more}</Event>`;
    const words = '<RenderingInfo Culture="ja-JP"><Message>不良ブロックがあります</Message></RenderingInfo>';
    const values = '<EventData><Data Name="device">disk 1</Data></EventData>';
    const { all } = fakeMachine({
      files: { [WEVTUTIL]: "" },
      children: {
        [`${WEVTUTIL} query-events System`]: `\ufeff${event("System", 9, 2, "2026-01-02T03:04:05.1234567Z", words)}\r\n`,
        [`${WEVTUTIL} query-events Application`]: `${event("Application", 9, 3, "2026-01-02T03:04:06Z", values)}<Event><broken></Event>`,
      },
    });
    const [log] = await all("CIM_RecordLog");
    expect(told(log, "Name", "CurrentNumberOfRecords")).toEqual(["event log", 3n]);
    const records = await all("CIM_LogEntry");
    expect(records.map((each) => told(each, "RecordID", "Message", "PerceivedSeverity", "OwningEntity"))).toEqual([
      ["Application:9", "event 7: device: disk 1", 3, "disk"],
      ["System:9", "不良ブロックがあります", 5, "disk"],
      ["unreadable:1", "<Event><broken></Event>", 0, null],
    ]);
    expect(String(records[1]?.get("CreationTimeStamp"))).toBe("20260102030405.123000+000");
  });

  it("tells in root/interop what a client looks for first", async () => {
    const { all, associated } = fakeMachine({ mechanisms: [{ protocol: "cim-xml", version: "1.0" }] });
    expect((await all("CIM_Namespace", "interop")).map((each) => each.get("Name"))).toEqual([
      "root/cimv2",
      "root/interop",
    ]);
    const [manager] = await all("CIM_ObjectManager", "root/interop");
    const ways = await associated(manager?.path ?? null, { assocClass: "CIM_CommMechanismForManager" });
    expect(ways.map((each) => told(each, "CommunicationMechanism", "CIMXMLProtocolVersion"))).toEqual([[2, 1]]);
    const profiles = named(await all("CIM_RegisteredProfile", "root/interop"), "RegisteredName");
    const central = await associated(profiles.get("Base Server")?.path ?? null);
    expect(central.map(({ path }) => [path?.namespace, path?.key("Name")])).toEqual([["root/cimv2", "fake"]]);
  });

  it("answers on other systems with what the runtime knows", async () => {
    const { all } = fakeMachine({ platform: "win32", system: fakeSystem({}, {}), runtime: FAKE_RUNTIME });
    expect(
      (await all("CIM_OperatingSystem")).map((each) =>
        told(each, "OSType", "TotalVisibleMemorySize", "TotalSwapSpaceSize"),
      ),
    ).toEqual([[18, 8_000_000n, null]]);
    expect(await all("CIM_Processor")).toHaveLength(1);
    expect(await all("CIM_FileSystem")).toEqual([]);
    expect(await all("CIM_EthernetPort")).toEqual([]);
  });

  it("holds true of the machine that runs this test: every path leads back to its instance", async () => {
    const manager = createAgentObjectManager({ clock: systemClock, agentVersion: "1.2.3" });
    for (const namespace of manager.namespaces) {
      for (const declaration of manager.enumerateClasses({ namespace, deep: true })) {
        const operation = { namespace, className: declaration.name, signal, exactClass: true };
        const instances = await collect(manager.enumerateInstances(operation)).catch((error: CimError) => {
          expect(error.code, error.message).toBe("FAILED");
          return [];
        });
        const paths = new Set(instances.map(({ path }) => path?.identity));
        expect(paths.size, declaration.name).toBe(instances.length);
        const [first] = instances;
        if (first?.path === undefined || first.path === null) continue;
        expect(first.path.keys?.map(({ name }) => name)).toEqual(keysOf(declaration));
        const again = await manager.getInstance({ namespace, path: first.path, signal });
        expect(again.path?.identity, declaration.name).toBe(first.path.identity);
      }
    }
    const [os] = await collect(
      manager.enumerateInstances({ namespace: "root/cimv2", className: "CIM_OperatingSystem", signal }),
    );
    expect(os?.get("TotalVisibleMemorySize")).toBeGreaterThan(0n);
  }, 60_000);
});

/** A processor of type 4, a slot with 16 GiB and an empty one (DSP0134 §7.5, §7.18). */
function firmwareTable(): Buffer {
  const structure = (type: number, length: number, strings: readonly string[], fill: (data: Buffer) => void) => {
    const data = Buffer.alloc(length);
    data[0] = type;
    data[1] = length;
    fill(data);
    return Buffer.concat([
      data,
      Buffer.from(strings.map((text) => `${text}\0`).join("") || "\0", "latin1"),
      Buffer.from([0]),
    ]);
  };
  const slot = (megabytes: number, name: string) =>
    structure(17, 0x28, [name, "BANK 0", "Unknown"], (data) => {
      data.writeUInt16LE(megabytes, 0x0c);
      data[0x0e] = 9;
      data[0x10] = 1;
      data[0x11] = 2;
      data[0x12] = 0x1a;
      data.writeUInt16LE(3200, 0x15);
      data[0x18] = 3;
    });
  const processor = structure(4, 0x30, ["CPU1"], (data) => {
    data[0x04] = 1;
    data[0x06] = 179;
    data.writeUInt16LE(3800, 0x14);
    data[0x18] = 0x41;
    data[0x24] = 8;
  });
  return Buffer.concat([processor, slot(16_384, "DIMM_A1"), slot(0, "DIMM_A2"), structure(127, 4, [], () => {})]);
}
