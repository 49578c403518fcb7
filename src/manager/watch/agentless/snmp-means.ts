import { flowName } from "../../../ports/port-map.ts";
import type { SnmpAccess } from "../../../protocols/snmp/access.ts";
import { openSnmpClient } from "../../../protocols/snmp/client.ts";
import { ConnectError, PeerError, reasonOf, SettingsError } from "../../../runtime/errors.ts";
import type { CheckResult, CheckStep, Means } from "./means.ts";
import { createInterfaceReader } from "./snmp-interfaces.ts";
import { lookBySnmp } from "./snmp-look.ts";
import { SCALARS } from "./snmp-objects.ts";
import type { Target } from "./target.ts";
import { portOf } from "./target-port.ts";

/** Of one request; a datagram that is lost is sent again twice. */
const TIMEOUT_MS = 3_000;
const RETRIES = 2;

const STEPS = ["port", "version", "account", "path"] as const satisfies readonly CheckStep[];
type Step = (typeof STEPS)[number];

interface Patience {
  readonly timeoutMs: number;
  readonly retries: number;
}

/** Switches, printers, storage, whatever has an SNMP program. A look opens a socket of its own, and closes it. */
export function createSnmpMeans(
  target: Pick<Target, "address" | "means" | "port" | "trust" | "snmp">,
  patience: Patience = { timeoutMs: TIMEOUT_MS, retries: RETRIES },
): Means {
  const access = target.snmp;
  const readInterfaces = createInterfaceReader();
  const closing = new AbortController();
  const peer = { flow: flowName("snmpGet"), host: target.address, port: portOf(target) };

  async function using<T>(by: SnmpAccess, signal: AbortSignal, work: (client: Client) => Promise<T>): Promise<T> {
    const client = await openSnmpClient({
      ...{ ...peer, ...patience, access: by },
      signal: AbortSignal.any([signal, closing.signal]),
    });
    try {
      return await work(client);
    } finally {
      client.close();
    }
  }

  async function look(signal: AbortSignal) {
    if (access === undefined)
      throw new SettingsError("snmp", "it is not known how the server may be asked: add it anew");
    return using(access, signal, (client) => lookBySnmp(client, readInterfaces));
  }

  /** Whether anything at all comes back, be it a refusal. */
  async function answers(by: SnmpAccess, signal: AbortSignal): Promise<boolean> {
    return using(by, signal, (client) => client.get([SCALARS.sysUpTime])).then(
      () => true,
      (error: unknown) => !(error instanceof ConnectError),
    );
  }

  async function check(signal: AbortSignal): Promise<readonly CheckResult[]> {
    try {
      const { readings } = await look(signal);
      return STEPS.map((step) => ({
        step,
        passed: true,
        what: step === "path" ? `${readings.length} readings` : "right",
      }));
    } catch (error) {
      const { step, what } = await explain(error, signal);
      const place = STEPS.indexOf(step);
      return STEPS.map((one, index) => {
        if (index === place) return { step: one, passed: false, what };
        return index < place
          ? { step: one, passed: true, what: "right" }
          : { step: one, passed: null, what: "not reached" };
      });
    }
  }

  /** Silence has many reasons with SNMP: what else is answered there tells some of them apart. */
  async function explain(error: unknown, signal: AbortSignal): Promise<{ readonly step: Step; readonly what: string }> {
    const reason = reasonOf(error);
    if (error instanceof PeerError) return { step: ACCOUNT_CODES.has(error.code) ? "account" : "path", what: reason };
    if (!(error instanceof ConnectError)) return { step: "path", what: reason };
    if (error.code !== "ETIMEDOUT" || access === undefined) return { step: "port", what: reason };
    if (access.version === "3") {
      return (await answers(NOBODY, signal))
        ? {
            step: "account",
            what: `${reason}; SNMPv3 is spoken there, but not with this user, or with another privacy password`,
          }
        : { step: "port", what: `${reason}; ${SILENCE}, or only versions 1 and 2c are spoken there` };
    }
    const version = access.version === "1" ? "2c" : "1";
    // At once: a person waits.
    const [speaksOther, speaksNewest] = await Promise.all([
      answers({ ...access, version }, signal),
      answers(NOBODY, signal),
    ]);
    if (speaksOther) {
      return { step: "version", what: `version ${access.version} is not answered, but version ${version} is` };
    }
    return speaksNewest
      ? {
          step: "account",
          what: `${reason}; SNMPv3 is spoken there: the community is another, or not taken from this address, or only version 3 is allowed`,
        }
      : { step: "port", what: `${reason}; ${SILENCE}, or the community is another: a wrong one is met with silence` };
  }

  return { look, check, close: () => closing.abort() };
}

type Client = Awaited<ReturnType<typeof openSnmpClient>>;

/** Whoever speaks version 3 tells anybody who it is (RFC 3414 §4, discovery), and that it does not know him. */
const NOBODY: SnmpAccess = { version: "3", user: "", authentication: null, privacy: null };
const SILENCE = "the machine is down, a firewall drops the datagrams, nothing listens";
/** RFC 3416 §3, error-status, as the package names them; `unauthorized` is ours for the refusals of RFC 3414. */
const ACCOUNT_CODES: ReadonlySet<string> = new Set(["unauthorized", "NoAccess", "AuthorizationError"]);
