import { CimDateTime } from "../../cim/cim-date-time.ts";
import { ObjectPath } from "../../cim/object-path.ts";
import { CIMV2, type ClassProvider, provide } from "../../cim/provider.ts";
import { CIM_ElementStatisticalData } from "../../cim/schema/core.ts";
import {
  CIM_DeviceSAPImplementation,
  CIM_EthernetPort,
  CIM_EthernetPortStatistics,
  CIM_IPProtocolEndpoint,
} from "../../cim/schema/network.ts";
import { CIM_HostedAccessPoint } from "../../cim/schema/service.ts";
import type { NetworkPort } from "../providers/network-ports.ts";
import type { CimHost } from "./cim-host.ts";
import { deviceOf } from "./device-of.ts";
import { membership } from "./membership.ts";
import type { HostAddress } from "./runtime-view.ts";
import type { CimSources } from "./sources.ts";
import { enabled, health } from "./status.ts";

const [ETHERNET, WIRELESS] = [2, 11];
const [IPV4, IPV6] = [4096, 4097];
const U32 = 2n ** 32n;

/** Network ports with their counters (Linux), and the host's addresses (everywhere). */
export function createNetworkProviders(
  { names, runtime, platform, clock, bootedMs }: CimHost,
  sources: CimSources,
): ClassProvider[] {
  const portPath = (name: string) => names.device(CIM_EthernetPort.name, name);
  const statisticsId = (name: string) => `Rusuban:EthernetPortStatistics:${name}`;
  const readPorts = async () => (platform === "linux" ? sources.ports() : []);

  const ports = provide(CIM_EthernetPort, {
    instances: async () =>
      (await readPorts()).map((port) => ({
        ...deviceOf(names, CIM_EthernetPort, port.name),
        Name: port.name,
        ElementName: port.name,
        Caption: port.name,
        LinkTechnology: port.wireless ? WIRELESS : ETHERNET,
        PermanentAddress: bare(port.permanentAddress),
        NetworkAddresses: port.address === null ? null : [bare(port.address) ?? ""],
        Speed: port.speed,
        FullDuplex: port.fullDuplex,
        ActiveMaximumTransmissionUnit: port.mtu === null ? null : BigInt(port.mtu),
        PortType: 0,
        ...portHealth(port),
      })),
  });

  const statistics = provide(CIM_EthernetPortStatistics, {
    async instances() {
      return (await readPorts()).map(({ name, counters }) => {
        const large = (counter: string) => counters.get(counter) ?? null;
        const small = (...parts: readonly string[]) => sumOf(counters, parts);
        return {
          InstanceID: statisticsId(name),
          ElementName: `counters of ${name}`,
          StartStatisticTime: CimDateTime.at(bootedMs()),
          StatisticTime: CimDateTime.at(clock.now()),
          BytesReceived: large("rx_bytes"),
          BytesTransmitted: large("tx_bytes"),
          PacketsReceived: large("rx_packets"),
          PacketsTransmitted: large("tx_packets"),
          FCSErrors: small("rx_crc_errors"),
          AlignmentErrors: small("rx_frame_errors"),
          FrameTooLongs: small("rx_length_errors"),
          CarrierSenseErrors: small("tx_carrier_errors"),
          ExcessiveCollisions: small("tx_aborted_errors"),
          LateCollisions: small("tx_window_errors"),
          // Frames that the card took or should have sent and could not for want of room.
          InternalMACReceiveErrors: small("rx_fifo_errors", "rx_missed_errors"),
          InternalMACTransmitErrors: small("tx_fifo_errors"),
        };
      });
    },
  });

  const countersOf = provide(CIM_ElementStatisticalData, {
    instances: async () =>
      (await readPorts()).map(({ name }) => ({
        ManagedElement: portPath(name),
        Stats: new ObjectPath({
          namespace: CIMV2,
          className: CIM_EthernetPortStatistics.name,
          keys: { InstanceID: statisticsId(name) },
        }),
      })),
  });

  const endpointKeys = ({ port, address }: HostAddress) => ({
    ...names.systemKeys,
    CreationClassName: CIM_IPProtocolEndpoint.name,
    Name: `${port}:${address}`,
  });
  const endpoints = provide(CIM_IPProtocolEndpoint, {
    instances: async () =>
      runtime.addresses().map((each) => ({
        ...endpointKeys(each),
        ElementName: each.port,
        Caption: each.address.slice(0, 64),
        NameFormat: "port:address",
        ProtocolIFType: each.family === "IPv4" ? IPV4 : IPV6,
        IPv4Address: each.family === "IPv4" ? each.address : null,
        SubnetMask: each.family === "IPv4" ? each.netmask : null,
        PrefixLength: each.family === "IPv4" ? each.prefixLength : null,
        IPv6Address: each.family === "IPv6" ? each.address : null,
        IPv6SubnetPrefixLength: each.family === "IPv6" ? each.prefixLength : null,
        IPv6AddressType: each.family === "IPv6" ? ipv6Kind(each) : null,
        AddressOrigin: 0,
        ...health("ok"),
        ...enabled("enabled"),
      })),
  });

  const carried = provide(CIM_DeviceSAPImplementation, {
    async instances() {
      const known = new Set((await readPorts()).map(({ name }) => name));
      return runtime
        .addresses()
        .filter(({ port }) => known.has(port))
        .map((each) => ({
          Antecedent: portPath(each.port),
          Dependent: new ObjectPath({
            namespace: CIMV2,
            className: CIM_IPProtocolEndpoint.name,
            keys: endpointKeys(each),
          }),
        }));
    },
  });

  return [
    ports,
    statistics,
    countersOf,
    endpoints,
    carried,
    membership(CIM_HostedAccessPoint, {
      whole: names.system,
      wholeRole: "Antecedent",
      part: endpoints,
      partRole: "Dependent",
    }),
  ];
}

/** CIM writes hardware addresses without separators (MOF of CIM_NetworkPort.PermanentAddress). */
function bare(address: string | null): string | null {
  return address?.replaceAll(":", "").toUpperCase() ?? null;
}

function portHealth({ operationalState, carrier }: NetworkPort) {
  if (operationalState === "up" || (operationalState === "unknown" && carrier === true))
    return { ...health("ok"), ...enabled("enabled") };
  if (carrier === null && operationalState === "down")
    return { ...health("stopped", "switched off by an administrator"), ...enabled("disabled") };
  if (carrier === false || operationalState === "lowerlayerdown")
    return { ...health("lostCommunication", "no link: is the cable in, and the other end on?"), ...enabled("offline") };
  if (operationalState === "dormant")
    return { ...health("dormant", "waits for something to happen"), ...enabled("enabled") };
  return { ...health("unknown"), ...enabled("unknown") };
}

/** Counters of 32 bits begin anew at their end, as those of SNMP do; null when none can be read. */
function sumOf(counters: ReadonlyMap<string, bigint>, names: readonly string[]): number | null {
  const found = names.flatMap((name) => counters.get(name) ?? []);
  return found.length === 0 ? null : Number(found.reduce((sum, value) => sum + value, 0n) % U32);
}

function ipv6Kind({ address, internal }: HostAddress): number {
  if (internal) return 3;
  return /^fe[89ab]/i.test(address) ? 5 : 6;
}
