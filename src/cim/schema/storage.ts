import {
  boolean,
  datetime,
  declareClass,
  reference,
  string,
  uint8,
  uint16,
  uint32,
  uint64,
} from "../class-declaration.ts";
import { CIM_Dependency, CIM_EnabledLogicalElement, CIM_SystemComponent } from "./core.ts";
import { CIM_LogicalDevice } from "./device.ts";

export const CIM_StorageExtent = declareClass({
  name: "CIM_StorageExtent",
  extends: CIM_LogicalDevice,
  version: "2.29.0",
  description: "A range of storage.",
  properties: {
    DataOrganization: uint16({
      values: { 0: "Other", 1: "Unknown", 2: "Fixed Block", 3: "Variable Block", 4: "Count Key Data" },
    }),
    Purpose: string(),
    Access: uint16({
      values: { 0: "Unknown", 1: "Readable", 2: "Writeable", 3: "Read/Write Supported", 4: "Write Once" },
    }),
    ErrorMethodology: string(),
    BlockSize: uint64({ pUnit: "byte" }),
    NumberOfBlocks: uint64(),
    ConsumableBlocks: uint64(),
    IsBasedOnUnderlyingRedundancy: boolean(),
    SequentialAccess: boolean(),
    ExtentStatus: uint16({
      array: true,
      values: {
        0: "Other",
        1: "Unknown",
        2: "None/Not Applicable",
        3: "Broken",
        4: "Data Lost",
        5: "Dynamic Reconfig",
        6: "Exposed",
        7: "Fractionally Exposed",
        8: "Partially Exposed",
        9: "Protection Disabled",
        10: "Readying",
        11: "Rebuild",
        12: "Recalculate",
        13: "Spare in Use",
        14: "Verify In Progress",
        15: "In-Band Access Granted",
        16: "Imported",
        17: "Exported",
        18: "Relocating",
        "..": "DMTF Reserved",
        "32768..65535": "Vendor Reserved",
      },
    }),
    NoSinglePointOfFailure: boolean(),
    DataRedundancy: uint16(),
    PackageRedundancy: uint16(),
    DeltaReservation: uint8({ pUnit: "percent" }),
    Primordial: boolean(),
    Name: string({ override: true }),
    NameFormat: uint16({
      values: {
        0: "Unknown",
        1: "Other",
        2: "VPD83NAA6",
        3: "VPD83NAA5",
        4: "VPD83Type2",
        5: "VPD83Type1",
        6: "VPD83Type0",
        7: "SNVM",
        8: "NodeWWN",
        9: "NAA",
        10: "EUI64",
        11: "T10VID",
        12: "OS Device Name",
      },
    }),
    NameNamespace: uint16({
      values: {
        0: "Unknown",
        1: "Other",
        2: "VPD83Type3",
        3: "VPD83Type2",
        4: "VPD83Type1",
        5: "VPD80",
        6: "NodeWWN",
        7: "SNVM",
        8: "OS Device Namespace",
      },
    }),
    OtherNameNamespace: string(),
    OtherNameFormat: string(),
  },
});

export const CIM_Memory = declareClass({
  name: "CIM_Memory",
  extends: CIM_StorageExtent,
  version: "2.8.0",
  description: "The memory that a computer can use.",
  properties: {
    Volatile: boolean(),
    ErrorMethodology: string({ override: true }),
    StartingAddress: uint64({ pUnit: "byte * 10^3" }),
    EndingAddress: uint64({ pUnit: "byte * 10^3" }),
  },
});

export const CIM_LogicalDisk = declareClass({
  name: "CIM_LogicalDisk",
  extends: CIM_StorageExtent,
  version: "2.15.0",
  description: "A disk or partition as an operating system sees it.",
  properties: {
    NameFormat: uint16({ values: { 1: "Other", 12: "OS Device Name" }, override: true }),
    NameNamespace: uint16({ values: { 1: "Other", 8: "OS Device Namespace" }, override: true }),
  },
});

export const CIM_StorageVolume = declareClass({
  name: "CIM_StorageVolume",
  extends: CIM_StorageExtent,
  version: "2.13.0",
  description: "A volume made of storage, such as an array of disks.",
  properties: {
    Name: string({ override: true }),
    NameFormat: uint16({
      values: {
        0: "Unknown",
        1: "Other",
        2: "VPD83NAA6",
        3: "VPD83NAA5",
        4: "VPD83Type2",
        5: "VPD83Type1",
        6: "VPD83Type0",
        7: "SNVM",
        8: "NodeWWN",
        9: "NAA",
        10: "EUI64",
        11: "T10VID",
      },
      override: true,
    }),
    NameNamespace: uint16({
      values: {
        0: "Unknown",
        1: "Other",
        2: "VPD83Type3",
        3: "VPD83Type2",
        4: "VPD83Type1",
        5: "VPD80",
        6: "NodeWWN",
        7: "SNVM",
      },
      override: true,
    }),
  },
});

export const CIM_MediaAccessDevice = declareClass({
  name: "CIM_MediaAccessDevice",
  extends: CIM_LogicalDevice,
  version: "2.6.0",
  description: "A device that reads and writes media.",
  properties: {
    Capabilities: uint16({
      array: true,
      values: {
        0: "Unknown",
        1: "Other",
        2: "Sequential Access",
        3: "Random Access",
        4: "Supports Writing",
        5: "Encryption",
        6: "Compression",
        7: "Supports Removeable Media",
        8: "Manual Cleaning",
        9: "Automatic Cleaning",
        10: "SMART Notification",
        11: "Supports Dual Sided Media",
        12: "Predismount Eject Not Required",
      },
    }),
    CapabilityDescriptions: string({ array: true }),
    ErrorMethodology: string(),
    CompressionMethod: string(),
    NumberOfMediaSupported: uint32(),
    MaxMediaSize: uint64(),
    DefaultBlockSize: uint64({ pUnit: "byte" }),
    MaxBlockSize: uint64({ pUnit: "byte" }),
    MinBlockSize: uint64({ pUnit: "byte" }),
    NeedsCleaning: boolean(),
    MediaIsLocked: boolean(),
    Security: uint16({
      values: {
        1: "Other",
        2: "Unknown",
        3: "None",
        4: "Read Only",
        5: "Locked Out",
        6: "Boot Bypass",
        7: "Boot Bypass and Read Only",
      },
    }),
    LastCleaned: datetime(),
    MaxAccessTime: uint64({ pUnit: "second * 10^-3" }),
    UncompressedDataRate: uint32({ pUnit: "byte / second * 10^3" }),
    LoadTime: uint64({ pUnit: "second * 10^-3" }),
    UnloadTime: uint64({ pUnit: "second * 10^-3" }),
    MountCount: uint64({ counter: true }),
    TimeOfLastMount: datetime(),
    TotalMountTime: uint64(),
    UnitsDescription: string(),
    MaxUnitsBeforeCleaning: uint64(),
    UnitsUsed: uint64({ gauge: true }),
  },
});

export const CIM_DiskDrive = declareClass({
  name: "CIM_DiskDrive",
  extends: CIM_MediaAccessDevice,
  version: "2.6.0",
  description: "A disk drive, with what it says of its own health.",
});

export const CIM_MediaPresent = declareClass({
  name: "CIM_MediaPresent",
  extends: CIM_Dependency,
  version: "2.6.0",
  description: "The storage that is in a drive.",
  properties: {
    Antecedent: reference("CIM_MediaAccessDevice", { override: true }),
    Dependent: reference("CIM_StorageExtent", { override: true }),
    FixedMedia: boolean(),
  },
});

export const CIM_BasedOn = declareClass({
  name: "CIM_BasedOn",
  extends: CIM_Dependency,
  version: "2.6.0",
  description: "Storage that is made of other storage.",
  properties: {
    Antecedent: reference("CIM_StorageExtent", { override: true }),
    Dependent: reference("CIM_StorageExtent", { override: true }),
    StartingAddress: uint64(),
    EndingAddress: uint64(),
    OrderIndex: uint16(),
  },
});

export const CIM_FileSystem = declareClass({
  name: "CIM_FileSystem",
  extends: CIM_EnabledLogicalElement,
  version: "2.7.0",
  description: "A file system.",
  properties: {
    CSCreationClassName: string({ key: true, maxLen: 256 }),
    CSName: string({ key: true, maxLen: 256 }),
    CreationClassName: string({ key: true, maxLen: 256 }),
    Name: string({ key: true, maxLen: 256, override: true }),
    Root: string(),
    BlockSize: uint64({ pUnit: "byte" }),
    FileSystemSize: uint64({ pUnit: "byte" }),
    AvailableSpace: uint64({ gauge: true, pUnit: "byte" }),
    ReadOnly: boolean(),
    EncryptionMethod: string(),
    CompressionMethod: string(),
    CaseSensitive: boolean(),
    CasePreserved: boolean(),
    CodeSet: uint16({
      array: true,
      values: {
        0: "Unknown",
        1: "Other",
        2: "ASCII",
        3: "Unicode",
        4: "ISO2022",
        5: "ISO8859",
        6: "Extended UNIX Code",
        7: "UTF-8",
        8: "UCS-2",
      },
    }),
    MaxFileNameLength: uint32(),
    ClusterSize: uint32(),
    FileSystemType: string(),
    PersistenceType: uint16({ values: { 0: "Unknown", 1: "Other", 2: "Persistent", 3: "Temporary", 4: "External" } }),
    OtherPersistenceType: string(),
    NumberOfFiles: uint64(),
  },
});

export const CIM_LocalFileSystem = declareClass({
  name: "CIM_LocalFileSystem",
  extends: CIM_FileSystem,
  version: "2.6.0",
  description: "A file system on storage of this computer.",
});

export const CIM_RemoteFileSystem = declareClass({
  name: "CIM_RemoteFileSystem",
  extends: CIM_FileSystem,
  version: "2.6.0",
  description: "A file system that another computer serves.",
});

export const CIM_HostedFileSystem = declareClass({
  name: "CIM_HostedFileSystem",
  extends: CIM_SystemComponent,
  version: "2.7.0",
  description: "A file system that is mounted on a computer.",
  properties: {
    GroupComponent: reference("CIM_System", { min: 1, max: 1, override: true }),
    PartComponent: reference("CIM_FileSystem", { override: true }),
  },
});

export const CIM_ResidesOnExtent = declareClass({
  name: "CIM_ResidesOnExtent",
  extends: CIM_Dependency,
  version: "2.8.0",
  description: "The storage under a file system.",
  properties: {
    Antecedent: reference("CIM_StorageExtent", { override: true }),
    Dependent: reference("CIM_LogicalElement", { override: true }),
  },
});
