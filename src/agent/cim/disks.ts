import { type ClassProvider, provide } from "../../cim/provider.ts";
import {
  CIM_BasedOn,
  CIM_DiskDrive,
  CIM_LogicalDisk,
  CIM_MediaPresent,
  CIM_StorageVolume,
} from "../../cim/schema/storage.ts";
import type { BlockDevice } from "../providers/block-devices.ts";
import type { MdArray } from "../providers/md-arrays.ts";
import type { SmartHealth } from "../providers/smart.ts";
import type { CimHost } from "./cim-host.ts";
import { deviceOf } from "./device-of.ts";
import type { CimSources } from "./sources.ts";
import { enabled, health } from "./status.ts";

const [RANDOM_ACCESS, WRITES, REMOVABLE, SMART] = [3, 4, 7, 10];
const [READABLE, READ_WRITE, FIXED_BLOCK, OS_DEVICE_NAME, OS_NAMESPACE] = [1, 3, 2, 12, 8];
/** ExtentStatus: none, data lost, exposed, rebuild, verify in progress. */
const EXTENT = { none: 2, broken: 3, exposed: 6, rebuild: 11, verify: 14, unknown: 1 } as const;
/** The kernel's word for each action of md, as what people want to know. */
const ACTIONS: Readonly<Record<string, string>> = {
  recover: "rebuilding onto a replaced disk",
  resync: "making its copies equal",
  check: "being checked",
  repair: "being checked and repaired",
  reshape: "being reshaped",
};

/** Drives with their own judgement of their health, what is stored on them, and arrays of them. */
export function createDiskProviders({ names }: CimHost, sources: CimSources): ClassProvider[] {
  const drivePath = (name: string) => names.device(CIM_DiskDrive.name, name);
  const diskPath = (name: string) => names.device(CIM_LogicalDisk.name, name);

  const drives = provide(CIM_DiskDrive, {
    async instances() {
      const devices = (await sources.blockDevices()).filter(({ kind }) => kind === "drive");
      return Promise.all(
        devices.map(async (device) => {
          const smart = await sources.smart(device.name);
          const identities = identitiesOf(device, smart);
          return {
            ...deviceOf(names, CIM_DiskDrive, device.name),
            Name: `/dev/${device.name}`,
            ElementName: modelOf(device, smart) ?? device.name,
            Caption: `/dev/${device.name}`,
            Description: device.rotational === null ? null : device.rotational ? "disk" : "solid state",
            // In units of 1000 bytes (MOF of CIM_MediaAccessDevice).
            MaxMediaSize: device.bytes === null ? null : device.bytes / 1000n,
            DefaultBlockSize: device.blockBytes === null ? null : BigInt(device.blockBytes),
            Capabilities: [
              RANDOM_ACCESS,
              ...(device.readOnly === true ? [] : [WRITES]),
              ...(device.removable === true ? [REMOVABLE] : []),
              ...(smart === null || smart.passed === null ? [] : [SMART]),
            ],
            PowerOnHours: smart === null || smart.powerOnHours === null ? null : BigInt(smart.powerOnHours),
            OtherIdentifyingInfo: identities.map(([, value]) => value),
            IdentifyingDescriptions: identities.map(([what]) => what),
            ...driveHealth(device, smart),
            ...enabled("enabled"),
          };
        }),
      );
    },
  });

  const disks = provide(CIM_LogicalDisk, {
    async instances() {
      return (await sources.blockDevices())
        .filter(({ kind }) => kind !== "array")
        .map((device) => ({
          ...deviceOf(names, CIM_LogicalDisk, device.name),
          ...extentShape(device),
          ...health("ok"),
          ...enabled("enabled"),
        }));
    },
  });

  const volumes = provide(CIM_StorageVolume, {
    async instances() {
      const [devices, arrays] = await Promise.all([sources.blockDevices(), sources.arrays()]);
      return arrays.map((array) => {
        const device = devices.find(({ name }) => name === array.name);
        const redundancy = redundancyOf(array);
        return {
          ...deviceOf(names, CIM_StorageVolume, array.name),
          ...(device === undefined ? { Name: `/dev/${array.name}`, ElementName: array.name } : extentShape(device)),
          Description: [array.level, array.disks === null ? null : `of ${array.disks}`].filter(Boolean).join(" "),
          IsBasedOnUnderlyingRedundancy: redundancy === null ? null : redundancy > 0,
          NoSinglePointOfFailure: redundancy === null ? null : redundancy > 0,
          // Disks that may still fail before data is lost.
          PackageRedundancy: redundancy,
          ...arrayHealth(array, redundancy),
          ...enabled(array.state === "inactive" || array.state === "clear" ? "disabled" : "enabled"),
        };
      });
    },
  });

  const media = provide(CIM_MediaPresent, {
    instances: async () =>
      (await sources.blockDevices())
        .filter(({ kind }) => kind === "drive")
        .map(({ name, removable }) => ({
          Antecedent: drivePath(name),
          Dependent: diskPath(name),
          FixedMedia: removable === null ? null : !removable,
        })),
  });

  const basedOn = provide(CIM_BasedOn, {
    async instances() {
      const devices = await sources.blockDevices();
      const pathOf = ({ name, kind }: BlockDevice) =>
        kind === "array" ? names.device(CIM_StorageVolume.name, name) : diskPath(name);
      return devices.flatMap((device) =>
        device.basedOn.flatMap((below) => {
          const found = devices.find(({ name }) => name === below);
          return found === undefined ? [] : [{ Antecedent: pathOf(found), Dependent: pathOf(device) }];
        }),
      );
    },
  });
  return [drives, disks, volumes, media, basedOn];
}

function extentShape({ name, alias, bytes, blockBytes, readOnly, kind, removable }: BlockDevice) {
  const block = BigInt(blockBytes ?? 512);
  return {
    Name: `/dev/${name}`,
    ElementName: alias ?? name,
    Caption: `/dev/${name}`,
    NameFormat: OS_DEVICE_NAME,
    NameNamespace: OS_NAMESPACE,
    DataOrganization: FIXED_BLOCK,
    BlockSize: block,
    NumberOfBlocks: bytes === null ? null : bytes / block,
    ConsumableBlocks: bytes === null ? null : bytes / block,
    Access: readOnly === null ? 0 : readOnly ? READABLE : READ_WRITE,
    Primordial: kind === "drive",
    SequentialAccess: false,
    Purpose: removable === true ? "removable" : null,
  };
}

function modelOf({ vendor, model }: BlockDevice, smart: SmartHealth | null): string | null {
  // ATA drives say "ATA" for their maker.
  const maker = vendor === null || vendor === "ATA" ? "" : `${vendor} `;
  return smart?.model ?? (model === null ? null : `${maker}${model}`);
}

function identitiesOf(device: BlockDevice, smart: SmartHealth | null): [string, string][] {
  const serial = smart?.serial ?? device.serial;
  return [
    ...(serial === null ? [] : [["serial number", serial] as [string, string]]),
    ...(device.worldWideName === null ? [] : [["world wide name", device.worldWideName] as [string, string]]),
    ...(smart === null || smart.firmware === null ? [] : [["firmware", smart.firmware] as [string, string]]),
  ];
}

/** What the drive says of itself decides; without a word of it nobody knows, however well it works today. */
function driveHealth({ state }: BlockDevice, smart: SmartHealth | null) {
  if (state === "offline" || state === "dead")
    return health("noContact", `the kernel says that it is ${state}`, "critical");
  if (smart === null || smart.passed === null) return health("unknown", "it has not told its health (SMART)");
  const marks = [
    ...(smart.celsius === null ? [] : [`${smart.celsius} °C`]),
    ...(smart.reallocated ? [`${smart.reallocated} sectors replaced`] : []),
    ...(smart.pending ? [`${smart.pending} sectors unreadable`] : []),
    ...(smart.wear === null ? [] : [`${Math.round(smart.wear * 100)} % of its life used`]),
  ].join(", ");
  if (!smart.passed)
    return health("predictiveFailure", `its own test says that it will fail${marks && `: ${marks}`}`, "critical");
  if (smart.pending) return health("degraded", marks, "minor");
  return health("ok", marks || null);
}

/** Disks that an array may still lose; null where nobody can tell. */
function redundancyOf({ level, disks, degraded }: MdArray): number | null {
  if (level === null || disks === null) return null;
  const spare = { raid1: disks - 1, raid4: 1, raid5: 1, raid6: 2, raid10: 1, raid0: 0, linear: 0 }[level];
  return spare === undefined ? null : Math.max(0, spare - (degraded ?? 0));
}

function arrayHealth(array: MdArray, redundancy: number | null) {
  const { state, degraded, action, progress } = array;
  const doing = action === null ? undefined : ACTIONS[action];
  const how =
    doing === undefined ? null : `${doing}${progress === null ? "" : `, ${Math.floor(progress * 100)} % done`}`;
  const extent =
    action === "recover" || action === "resync" ? [EXTENT.rebuild] : doing === undefined ? [] : [EXTENT.verify];
  const told = (words: string) => [words, how].filter((each) => each !== null).join("; ");
  if (state === null) return { ...health("unknown", "the kernel tells no state"), ExtentStatus: [EXTENT.unknown] };
  if (state === "inactive" || state === "clear")
    return { ...health("stopped", `it is ${state}`, "major"), ExtentStatus: [EXTENT.broken] };
  if (state === "broken")
    return { ...health("error", "it has lost more disks than it can bear", "critical"), ExtentStatus: [EXTENT.broken] };
  if (degraded === null || degraded === 0)
    return { ...health("ok", how), ExtentStatus: extent.length === 0 ? [EXTENT.none] : extent };
  const lost = `${degraded} of ${array.disks ?? "its"} disks missing`;
  return {
    ...health("degraded", told(lost), redundancy === 0 ? "major" : "degraded"),
    ExtentStatus: redundancy === 0 ? [EXTENT.exposed, ...extent] : extent.length === 0 ? [EXTENT.none] : extent,
  };
}
