// The objects that a look reads, by the names of their modules.

/** SNMPv2-MIB (RFC 3418), HOST-RESOURCES-MIB (RFC 2790), UCD-SNMP-MIB of net-snmp. */
export const SCALARS = {
  sysDescr: "1.3.6.1.2.1.1.1.0",
  sysUpTime: "1.3.6.1.2.1.1.3.0",
  sysName: "1.3.6.1.2.1.1.5.0",
  hrSystemUptime: "1.3.6.1.2.1.25.1.1.0",
  hrSystemProcesses: "1.3.6.1.2.1.25.1.6.0",
  memTotalSwap: "1.3.6.1.4.1.2021.4.3.0",
  memAvailSwap: "1.3.6.1.4.1.2021.4.4.0",
  memTotalReal: "1.3.6.1.4.1.2021.4.5.0",
  memAvailReal: "1.3.6.1.4.1.2021.4.6.0",
  memBuffer: "1.3.6.1.4.1.2021.4.14.0",
  memCached: "1.3.6.1.4.1.2021.4.15.0",
  memSysAvail: "1.3.6.1.4.1.2021.4.27.0",
  laLoad1: "1.3.6.1.4.1.2021.10.1.5.1",
  laLoad5: "1.3.6.1.4.1.2021.10.1.5.2",
  laLoad15: "1.3.6.1.4.1.2021.10.1.5.3",
} as const;

export const PROCESSORS = {
  hrProcessorFrwID: "1.3.6.1.2.1.25.3.3.1.1", // There from the start; the load only after a minute of the server's life.
  hrProcessorLoad: "1.3.6.1.2.1.25.3.3.1.2",
} as const;

export const STORAGES = {
  hrStorageType: "1.3.6.1.2.1.25.2.3.1.2",
  hrStorageDescr: "1.3.6.1.2.1.25.2.3.1.3",
  hrStorageAllocationUnits: "1.3.6.1.2.1.25.2.3.1.4",
  hrStorageSize: "1.3.6.1.2.1.25.2.3.1.5",
  hrStorageUsed: "1.3.6.1.2.1.25.2.3.1.6",
} as const;
export const STORAGE_TYPES = { ram: "1.3.6.1.2.1.25.2.1.2", fixedDisk: "1.3.6.1.2.1.25.2.1.4" } as const;

/** IF-MIB (RFC 2863). */
export const INTERFACES = {
  ifDescr: "1.3.6.1.2.1.2.2.1.2",
  ifType: "1.3.6.1.2.1.2.2.1.3",
  ifAdminStatus: "1.3.6.1.2.1.2.2.1.7",
  ifOperStatus: "1.3.6.1.2.1.2.2.1.8",
  ifInOctets: "1.3.6.1.2.1.2.2.1.10",
  ifInErrors: "1.3.6.1.2.1.2.2.1.14",
  ifOutOctets: "1.3.6.1.2.1.2.2.1.16",
  ifOutErrors: "1.3.6.1.2.1.2.2.1.20",
} as const;
export const INTERFACES_X = {
  ifName: "1.3.6.1.2.1.31.1.1.1.1",
  ifHCInOctets: "1.3.6.1.2.1.31.1.1.1.6",
  ifHCOutOctets: "1.3.6.1.2.1.31.1.1.1.10",
} as const;

/** UCD-SNMP-MIB: the programs that the server's administrator wants to see run (`proc` of snmpd.conf). */
export const PROGRAMS = {
  prNames: "1.3.6.1.4.1.2021.2.1.2",
  prErrorFlag: "1.3.6.1.4.1.2021.2.1.100",
  prErrMessage: "1.3.6.1.4.1.2021.2.1.101",
} as const;
