// The machine that every simulated host is: canned facts below our own agent's object manager, so that what goes over the
// wire is what a server of middling size says.

import { fakeMachine } from "../src/agent/cim/fixtures/fake-machine.ts";
import type { ObjectManager } from "../src/cim/object-manager.ts";

const FILE_SYSTEMS = ["/", "/boot", "/home", "/var", "/srv/data", "/srv/archive"];
const PROCESSORS = 8;
const CHIP = "/sys/class/hwmon/hwmon0";

const ELIST = [
  "Inlet Temp       | 04h | ok  |  7.1 | 22 degrees C",
  "Fan1A            | 30h | ok  | 29.1 | 5400 RPM",
  "Fan2A            | 31h | ok  | 29.2 | 5280 RPM",
  "PS1 Status       | 85h | ok  | 10.1 | Presence detected",
  "PS2 Status       | 86h | ok  | 10.2 | Presence detected",
].join("\n");

function files(): Record<string, string> {
  const all: Record<string, string> = {
    "/dev/ipmi0": "",
    "/proc/self/mountinfo": FILE_SYSTEMS.map(
      (path, at) => `${25 + at} 1 8:${at + 1} / ${path} rw - ext4 /dev/sda${at + 1} rw`,
    ).join("\n"),
    "/proc/cpuinfo": Array.from(
      { length: PROCESSORS },
      (_, at) =>
        `processor : ${at}\nvendor_id : GenuineIntel\nmodel name : A processor\nphysical id : 0\ncpu cores : ${PROCESSORS}\ncpu MHz : 2400.5\nflags : fpu lm\n`,
    ).join("\n"),
    [`${CHIP}/name`]: "coretemp",
    [`${CHIP}/in0_input`]: "1104",
    [`${CHIP}/fan1_input`]: "1180",
  };
  for (let at = 1; at <= PROCESSORS; at += 1) {
    all[`${CHIP}/temp${at}_input`] = `${38_000 + at * 500}`;
    all[`${CHIP}/temp${at}_label`] = `Core ${at - 1}`;
    all[`${CHIP}/temp${at}_crit`] = "100000";
  }
  return all;
}

export function createMachine(): ObjectManager {
  return fakeMachine({ files: files(), children: { "ipmitool sdr elist all": ELIST } }).manager;
}
