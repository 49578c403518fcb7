import { CimError } from "../../../cim/cim-error.ts";
import { type ClassProvider, provide } from "../../../cim/provider.ts";
import {
  Win32_ComputerSystem,
  Win32_DiskDrive,
  Win32_LogicalDisk,
  Win32_NetworkAdapter,
  Win32_OperatingSystem,
  Win32_PhysicalMemory,
  Win32_Process,
  Win32_Processor,
  Win32_Service,
} from "../../../cim/schema/windows.ts";
import type { CimHost } from "../cim-host.ts";
import { memoryOf } from "../computer.ts";
import {
  createServiceControl,
  createServiceReader,
  SERVICE_CONTROL_TIMEOUT_MS,
  type ServiceState,
} from "../services.ts";
import type { CimSources } from "../sources.ts";
import { view } from "./view.ts";

const [LOCAL_DISK, NETWORK_DRIVE, CENTRAL_PROCESSOR] = [3, 4, 3];
const [CONNECTED, DISCONNECTED, MEDIA_DISCONNECTED] = [2, 0, 7];
const [SUCCESS, ACCESS_DENIED, UNKNOWN_FAILURE] = [0, 2, 8];

/** The classes of Windows over the providers of this host's own: `of` finds them by class and what they give. */
export function createWindowsViews(
  host: CimHost,
  sources: CimSources,
  of: (className: string) => readonly ClassProvider[],
): ClassProvider[] {
  const { names, machine } = host;
  const each = (className: string, make: (source: ClassProvider) => ClassProvider) => of(className).map(make);
  return [
    ...each("CIM_OperatingSystem", (source) =>
      view(Win32_OperatingSystem, source, (os) => {
        const kibi = (name: string) => {
          const kilo = os.big(name);
          return kilo === null ? null : (kilo * 1000n) / 1024n;
        };
        return {
          Name: os.text("ElementName"),
          Caption: os.text("ElementName"),
          Version: os.text("Version"),
          OSArchitecture: /64/.test(machine.architecture) ? "64-bit" : machine.architecture,
          OSType: os.number("OSType"),
          CSName: names.hostname,
          Status: os.status,
          LastBootUpTime: os.time("LastBootUpTime"),
          LocalDateTime: os.time("LocalDateTime"),
          CurrentTimeZone: os.number("CurrentTimeZone"),
          NumberOfProcesses: os.number("NumberOfProcesses"),
          MaxNumberOfProcesses: os.number("MaxNumberOfProcesses"),
          TotalVisibleMemorySize: kibi("TotalVisibleMemorySize"),
          FreePhysicalMemory: kibi("FreePhysicalMemory"),
          TotalVirtualMemorySize: kibi("TotalVirtualMemorySize"),
          FreeVirtualMemory: kibi("FreeVirtualMemory"),
          SizeStoredInPagingFiles: kibi("SizeStoredInPagingFiles"),
          FreeSpaceInPagingFiles: kibi("FreeSpaceInPagingFiles"),
        };
      }),
    ),
    createComputerView(host, sources, of),
    createServiceView(host, sources),
    ...(["CIM_LocalFileSystem", "CIM_RemoteFileSystem"] as const).flatMap((className) =>
      each(className, (source) =>
        view(Win32_LogicalDisk, source, (fileSystem) => ({
          DeviceID: fileSystem.text("Name"),
          Name: fileSystem.text("Name"),
          Caption: fileSystem.text("Name"),
          Description: fileSystem.text("Description"),
          DriveType: className === "CIM_LocalFileSystem" ? LOCAL_DISK : NETWORK_DRIVE,
          FileSystem: fileSystem.text("FileSystemType"),
          Size: fileSystem.big("FileSystemSize"),
          FreeSpace: fileSystem.big("AvailableSpace"),
          ProviderName: className === "CIM_LocalFileSystem" ? null : fileSystem.text("Description"),
          Status: fileSystem.status,
          SystemName: names.hostname,
        })),
      ),
    ),
    ...each("CIM_Processor", (source) =>
      view(Win32_Processor, source, (processor) => ({
        DeviceID: processor.text("DeviceID"),
        Name: processor.text("Name"),
        Caption: processor.text("ElementName"),
        Manufacturer: processor.text("UniqueID"),
        SocketDesignation: processor.text("Caption"),
        Family: processor.number("Family"),
        ProcessorType: CENTRAL_PROCESSOR,
        AddressWidth: processor.number("AddressWidth"),
        DataWidth: processor.number("DataWidth"),
        MaxClockSpeed: processor.number("MaxClockSpeed"),
        CurrentClockSpeed: processor.number("CurrentClockSpeed"),
        LoadPercentage: processor.number("LoadPercentage"),
        NumberOfCores: processor.number("NumberOfEnabledCores"),
        Status: processor.status,
        SystemName: names.hostname,
      })),
    ),
    ...each("CIM_UnixProcess", (source) =>
      view(Win32_Process, source, (process) => {
        // Milliseconds to Windows' hundreds of nanoseconds.
        const ticks = (name: string) => {
          const milliseconds = process.big(name);
          return milliseconds === null ? null : milliseconds * 10_000n;
        };
        const program = process.text("ModulePath");
        return {
          Handle: process.text("Handle"),
          Name: process.text("Name"),
          Caption: process.text("Name"),
          ProcessId: Number(process.text("Handle")),
          ParentProcessId: Number(process.text("ParentProcessID")),
          ExecutablePath: program,
          CommandLine: program === null ? null : [program, ...process.list("Parameters").map(String)].join(" "),
          CreationDate: process.time("CreationDate"),
          KernelModeTime: ticks("KernelModeTime"),
          UserModeTime: ticks("UserModeTime"),
          WorkingSetSize: process.big("WorkingSetSize"),
          CSName: names.hostname,
        };
      }),
    ),
    ...each("CIM_EthernetPort", (source) =>
      view(Win32_NetworkAdapter, source, (port) => {
        const [address] = port.list("NetworkAddresses");
        const isUp = port.number("EnabledState") === 2;
        return {
          DeviceID: port.text("DeviceID"),
          Name: port.text("Name"),
          Caption: port.text("Name"),
          NetConnectionID: port.text("Name"),
          MACAddress: typeof address === "string" ? (address.match(/../g)?.join(":") ?? null) : null,
          AdapterType: port.number("LinkTechnology") === 11 ? "Wireless" : "Ethernet 802.3",
          Speed: port.big("Speed"),
          NetEnabled: isUp,
          PhysicalAdapter: true,
          NetConnectionStatus: isUp ? CONNECTED : port.number("EnabledState") === 6 ? MEDIA_DISCONNECTED : DISCONNECTED,
          SystemName: names.hostname,
        };
      }),
    ),
    ...each("CIM_DiskDrive", (source) =>
      view(Win32_DiskDrive, source, (drive) => {
        const kilobytes = drive.big("MaxMediaSize");
        const serial =
          drive.list("OtherIdentifyingInfo")[drive.list("IdentifyingDescriptions").indexOf("serial number")];
        const block = drive.big("DefaultBlockSize");
        return {
          DeviceID: drive.text("Name"),
          Name: drive.text("Name"),
          Caption: drive.text("ElementName"),
          Model: drive.text("ElementName"),
          SerialNumber: typeof serial === "string" ? serial : null,
          Size: kilobytes === null ? null : kilobytes * 1000n,
          BytesPerSector: block === null ? null : Number(block),
          Status: drive.status,
          SystemName: names.hostname,
        };
      }),
    ),
    ...each("CIM_PhysicalMemory", (source) =>
      view(Win32_PhysicalMemory, source, (module) => ({
        Tag: module.text("Tag"),
        DeviceLocator: module.text("Tag"),
        BankLabel: module.text("BankLabel"),
        Capacity: module.big("Capacity"),
        Speed: module.number("MaxMemorySpeed"),
        Manufacturer: module.text("Manufacturer"),
        PartNumber: module.text("PartNumber"),
        SerialNumber: module.text("SerialNumber"),
      })),
    ),
  ];
}

function createComputerView(
  host: CimHost,
  { text }: CimSources,
  of: (className: string) => readonly ClassProvider[],
): ClassProvider {
  const { names, machine, runtime, clock } = host;
  return provide(Win32_ComputerSystem, {
    async instances(context) {
      let processors = 0;
      for (const source of of("CIM_Processor"))
        for await (const batch of source.instances(context)) processors += batch.length;
      const { total } = await memoryOf(host);
      return [
        {
          Name: names.hostname,
          Caption: names.hostname,
          DNSHostName: names.hostname,
          Manufacturer: await text("/sys/class/dmi/id/sys_vendor"),
          Model: await text("/sys/class/dmi/id/product_name"),
          SystemType: /64/.test(machine.architecture) ? "x64-based PC" : machine.architecture,
          Status: "OK",
          CurrentTimeZone: runtime.timeZoneMinutes(clock.now()),
          NumberOfProcessors: processors,
          NumberOfLogicalProcessors: runtime.processors().length,
          TotalPhysicalMemory: total === null ? null : BigInt(total),
        },
      ];
    },
  });
}

function createServiceView(host: CimHost, sources: CimSources): ClassProvider {
  const read = createServiceReader(host, sources);
  const control = createServiceControl(host);
  /** Windows tells a refusal by the return value, not by an error. */
  const act = async (verb: "start" | "stop", name: string, signal: AbortSignal) => {
    try {
      return { returnValue: (await control.run(verb, name, signal)) ? SUCCESS : UNKNOWN_FAILURE, output: {} };
    } catch (error) {
      if (error instanceof CimError && error.code === "ACCESS_DENIED")
        return { returnValue: ACCESS_DENIED, output: {} };
      throw error;
    }
  };
  return provide(Win32_Service, {
    timeoutMs: SERVICE_CONTROL_TIMEOUT_MS,
    instances: async () =>
      (await read()).map((service) => ({
        Name: service.name,
        DisplayName: service.title,
        Caption: service.title,
        Description: service.title,
        State: stateOf(service),
        StartMode: service.masked ? "Disabled" : service.startMode === "Automatic" ? "Auto" : service.startMode,
        Started: service.running,
        Status: service.shape.OperationalStatus[0] === 6 ? "Error" : service.running === null ? "Unknown" : "OK",
        ProcessId: service.processId ?? 0,
        SystemName: host.names.hostname,
      })),
    methods: {
      StartService: (path, _parameters, { signal }) => act("start", String(path.key("Name")), signal),
      StopService: (path, _parameters, { signal }) => act("stop", String(path.key("Name")), signal),
    },
  });
}

function stateOf({ running, shape }: ServiceState): string {
  const [status] = shape.OperationalStatus;
  if (status === 8) return "Start Pending";
  if (status === 9) return "Stop Pending";
  return running === null ? "Unknown" : running ? "Running" : "Stopped";
}
