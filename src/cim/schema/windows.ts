import { boolean, datetime, declareClass, sint16, string, uint16, uint32, uint64 } from "../class-declaration.ts";

// What clients written for Windows ask for ("CIMWin32 WMI Providers" in Microsoft's documentation): the names, types and
// keys of their classes, as far as another system has the facts. They stand by themselves, without superclasses, so that
// who asks for CIM_OperatingSystem gets one and not two.

export const Win32_OperatingSystem = declareClass({
  name: "Win32_OperatingSystem",
  version: "1.0.0",
  description: "The operating system, as clients of Windows know it; there is one, and it has no key.",
  properties: {
    Name: string(),
    Caption: string(),
    Version: string(),
    Manufacturer: string(),
    OSArchitecture: string(),
    OSType: uint16(),
    CSName: string(),
    Status: string(),
    LastBootUpTime: datetime(),
    LocalDateTime: datetime(),
    CurrentTimeZone: sint16({ pUnit: "minute" }),
    NumberOfProcesses: uint32(),
    MaxNumberOfProcesses: uint32(),
    TotalVisibleMemorySize: uint64({ pUnit: "byte * 2^10" }),
    FreePhysicalMemory: uint64({ pUnit: "byte * 2^10" }),
    TotalVirtualMemorySize: uint64({ pUnit: "byte * 2^10" }),
    FreeVirtualMemory: uint64({ pUnit: "byte * 2^10" }),
    SizeStoredInPagingFiles: uint64({ pUnit: "byte * 2^10" }),
    FreeSpaceInPagingFiles: uint64({ pUnit: "byte * 2^10" }),
  },
});

export const Win32_ComputerSystem = declareClass({
  name: "Win32_ComputerSystem",
  version: "1.0.0",
  description: "The computer, as clients of Windows know it.",
  properties: {
    Name: string({ key: true }),
    Caption: string(),
    DNSHostName: string(),
    Manufacturer: string(),
    Model: string(),
    SystemType: string(),
    Status: string(),
    CurrentTimeZone: sint16({ pUnit: "minute" }),
    NumberOfProcessors: uint32(),
    NumberOfLogicalProcessors: uint32(),
    TotalPhysicalMemory: uint64({ pUnit: "byte" }),
  },
});

export const Win32_Service = declareClass({
  name: "Win32_Service",
  version: "1.0.0",
  description: "A service, as clients of Windows know it.",
  properties: {
    Name: string({ key: true }),
    DisplayName: string(),
    Caption: string(),
    Description: string(),
    State: string(),
    StartMode: string(),
    Started: boolean(),
    Status: string(),
    ProcessId: uint32(),
    SystemName: string(),
  },
  methods: {
    StartService: { returns: "uint32", values: { 0: "Success", 2: "Access Denied", 8: "Unknown Failure" } },
    StopService: { returns: "uint32", values: { 0: "Success", 2: "Access Denied", 8: "Unknown Failure" } },
  },
});

export const Win32_LogicalDisk = declareClass({
  name: "Win32_LogicalDisk",
  version: "1.0.0",
  description: "A file system, as clients of Windows know it; its mount point is its name.",
  properties: {
    DeviceID: string({ key: true }),
    Name: string(),
    Caption: string(),
    Description: string(),
    DriveType: uint32({ values: { 0: "Unknown", 2: "Removable Disk", 3: "Local Disk", 4: "Network Drive" } }),
    FileSystem: string(),
    Size: uint64({ pUnit: "byte" }),
    FreeSpace: uint64({ pUnit: "byte" }),
    ProviderName: string(),
    Status: string(),
    SystemName: string(),
  },
});

export const Win32_Processor = declareClass({
  name: "Win32_Processor",
  version: "1.0.0",
  description: "A processor, as clients of Windows know it.",
  properties: {
    DeviceID: string({ key: true }),
    Name: string(),
    Caption: string(),
    Manufacturer: string(),
    SocketDesignation: string(),
    Family: uint16(),
    ProcessorType: uint16({ values: { 3: "Central Processor" } }),
    AddressWidth: uint16({ pUnit: "bit" }),
    DataWidth: uint16({ pUnit: "bit" }),
    MaxClockSpeed: uint32({ pUnit: "hertz * 10^6" }),
    CurrentClockSpeed: uint32({ pUnit: "hertz * 10^6" }),
    LoadPercentage: uint16({ pUnit: "percent" }),
    NumberOfCores: uint32(),
    Status: string(),
    SystemName: string(),
  },
});

export const Win32_Process = declareClass({
  name: "Win32_Process",
  version: "1.0.0",
  description: "A process, as clients of Windows know it.",
  properties: {
    Handle: string({ key: true }),
    Name: string(),
    Caption: string(),
    ProcessId: uint32(),
    ParentProcessId: uint32(),
    ExecutablePath: string(),
    CommandLine: string(),
    CreationDate: datetime(),
    KernelModeTime: uint64({ pUnit: "second * 10^-7" }),
    UserModeTime: uint64({ pUnit: "second * 10^-7" }),
    WorkingSetSize: uint64({ pUnit: "byte" }),
    CSName: string(),
  },
});

export const Win32_NetworkAdapter = declareClass({
  name: "Win32_NetworkAdapter",
  version: "1.0.0",
  description: "A network port, as clients of Windows know it.",
  properties: {
    DeviceID: string({ key: true }),
    Name: string(),
    Caption: string(),
    NetConnectionID: string(),
    MACAddress: string(),
    AdapterType: string(),
    Speed: uint64({ pUnit: "bit / second" }),
    NetEnabled: boolean(),
    PhysicalAdapter: boolean(),
    NetConnectionStatus: uint16({ values: { 0: "Disconnected", 2: "Connected", 7: "Media disconnected" } }),
    SystemName: string(),
  },
});

export const Win32_DiskDrive = declareClass({
  name: "Win32_DiskDrive",
  version: "1.0.0",
  description: "A drive, as clients of Windows know it.",
  properties: {
    DeviceID: string({ key: true }),
    Name: string(),
    Caption: string(),
    Model: string(),
    SerialNumber: string(),
    Size: uint64({ pUnit: "byte" }),
    BytesPerSector: uint32({ pUnit: "byte" }),
    Status: string(),
    SystemName: string(),
  },
});

export const Win32_PhysicalMemory = declareClass({
  name: "Win32_PhysicalMemory",
  version: "1.0.0",
  description: "A memory module, as clients of Windows know it.",
  properties: {
    Tag: string({ key: true }),
    DeviceLocator: string(),
    BankLabel: string(),
    Capacity: uint64({ pUnit: "byte" }),
    Speed: uint32({ pUnit: "hertz * 10^6" }),
    Manufacturer: string(),
    PartNumber: string(),
    SerialNumber: string(),
  },
});
