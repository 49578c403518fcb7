import type { InstanceOf } from "../../cim/class-declaration.ts";
import { ObjectPath } from "../../cim/object-path.ts";
import { CIMV2, type ClassProvider, provide } from "../../cim/provider.ts";
import {
  CIM_HostedFileSystem,
  CIM_LocalFileSystem,
  CIM_LogicalDisk,
  CIM_RemoteFileSystem,
  CIM_ResidesOnExtent,
} from "../../cim/schema/storage.ts";
import { FILE_SYSTEMS_TIMEOUT_MS, type FileSystemAnswer } from "../providers/file-system-survey.ts";
import type { WatchedMount } from "../providers/mount-table.ts";
import { visibleName } from "../providers/visible-name.ts";
import type { CimHost } from "./cim-host.ts";
import { membership } from "./membership.ts";
import type { CimSources } from "./sources.ts";
import { enabled, health } from "./status.ts";

const PERSISTENT = 2;

/** The file systems that hold data and can fill: the same ones that readings and alerts are about. */
export function createFileSystemProviders(host: CimHost, sources: CimSources): ClassProvider[] {
  const { names, survey } = host;
  const timeoutMs = FILE_SYSTEMS_TIMEOUT_MS + 2_000;

  const of = (declaration: typeof CIM_LocalFileSystem, remote: boolean) =>
    provide(declaration, {
      timeoutMs,
      async instances({ signal }) {
        const { answers } = await survey.read(signal);
        return [...answers]
          .filter(([mount]) => mount.remote === remote)
          .map(([mount, answer]) => ({
            ...names.csKeys,
            CreationClassName: declaration.name,
            ...shape(mount, answer),
          }));
      },
    });
  const local = of(CIM_LocalFileSystem, false);
  const remote = of(CIM_RemoteFileSystem, true);

  const extents = provide(CIM_ResidesOnExtent, {
    timeoutMs,
    async instances({ signal }) {
      const { answers } = await survey.read(signal);
      const devices = await sources.blockDevices();
      return [...answers.keys()].flatMap((mount) => {
        const device = devices.find((each) => each.device === mount.device);
        if (device === undefined) return [];
        const Name = visibleName(mount.mountPoint);
        const keys = { ...names.csKeys, CreationClassName: CIM_LocalFileSystem.name, Name };
        return [
          {
            Antecedent: names.device(CIM_LogicalDisk.name, device.name),
            Dependent: new ObjectPath({ namespace: CIMV2, className: CIM_LocalFileSystem.name, keys }),
          },
        ];
      });
    },
  });

  const hosted = (part: ClassProvider) =>
    membership(CIM_HostedFileSystem, {
      whole: names.system,
      wholeRole: "GroupComponent",
      part,
      partRole: "PartComponent",
    });
  return [local, remote, hosted(local), hosted(remote), extents];
}

function shape(mount: WatchedMount, answer: FileSystemAnswer): InstanceOf<typeof CIM_LocalFileSystem> {
  const name = visibleName(mount.mountPoint);
  const common = {
    Name: name,
    ElementName: name,
    Caption: name.slice(0, 64),
    Description: `${mount.type} on ${mount.source}`,
    Root: name,
    FileSystemType: mount.type,
    PersistenceType: PERSISTENT,
    ReadOnly: !mount.writable,
    CaseSensitive: mount.type === "vfat" || mount.type === "exfat" ? false : null,
    CasePreserved: true,
  };
  if (!("figures" in answer)) {
    const [reason = "no answer"] = Object.values(answer);
    return { ...common, ...health("hangs" in answer ? "noContact" : "unknown", reason), ...enabled("unknown") };
  }
  const { blockBytes, blocks, blocksFree, blocksAvailable, inodes, inodesFree } = answer.figures;
  const readOnly = "read-only: the kernel has stopped writing to it, mostly after disk errors";
  return {
    ...common,
    BlockSize: BigInt(blockBytes),
    // As df(1) counts: what is reserved for root belongs to neither side.
    FileSystemSize: BigInt(blocks - blocksFree + blocksAvailable) * BigInt(blockBytes),
    AvailableSpace: BigInt(blocksAvailable) * BigInt(blockBytes),
    NumberOfFiles: inodes > 0 ? BigInt(inodes - inodesFree) : null,
    ...(mount.writable ? health("ok") : health("error", readOnly)),
    ...enabled("enabled"),
  };
}
