import { hostname, networkInterfaces } from "node:os";
import { join } from "node:path";
import { type Database, openDatabase } from "../database/open-database.ts";
import { type Authority, openAuthority } from "../net/authority.ts";
import { createKeyAndRequest, type Identity, loadIdentity, storeIdentity } from "../net/identity.ts";
import { createPrivateDirectory, readPrivateFile, writePrivateFile } from "../net/private-file.ts";
import type { Clock } from "../runtime/clock.ts";
import { assert, SettingsError } from "../runtime/errors.ts";
import type { Log } from "../runtime/log.ts";
import { createUuid, type Random } from "../runtime/random.ts";
import { openDirectoryMedium } from "../store/directory-medium.ts";
import { createStore, openStore, type Store } from "../store/store.ts";

// What a manager keeps, below one data folder. Everything is made at the first start and found again at the next.

/** Where things are. */
export function managerFiles(dataDirectory: string) {
  const manager = join(dataDirectory, "manager");
  return {
    manager,
    authority: join(manager, "authority"),
    identity: join(manager, "identity"),
    database: join(manager, "manager.db"),
    store: join(manager, "store"),
    passphrase: join(manager, "store-passphrase"),
    /** Seals the passwords of servers without an agent. */
    secretKey: join(manager, "secret-key"),
    /** Numbers of the indications that were seen. */
    indications: join(manager, "indications.json"),
    settings: join(dataDirectory, "manager.toml"),
    /** The local administrator's certificate and where the manager is: what the command line uses. */
    administrator: join(dataDirectory, "administrator"),
  };
}

export interface ManagerData {
  readonly managerId: string;
  readonly authority: Authority;
  readonly identity: Identity;
  readonly database: Database;
  readonly store: Store;
  close(): Promise<void>;
}

interface Needs {
  readonly dataDirectory: string;
  readonly names: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** The manager's own certificate; it renews it by itself, at a start or while it runs. */
const MANAGER_CERTIFICATE_DAYS = 365;
/** The local administrator's: whoever can read it can read the whole data folder. Renewed at every start. */
const ADMINISTRATOR_CERTIFICATE_DAYS = 365;
const PASSPHRASE_BYTES_MAX = 1_024;

/** Throws SettingsError where another manager has this folder, or where it cannot be used. */
export async function openManagerData(needs: Needs): Promise<ManagerData> {
  const { dataDirectory, clock, random, log } = needs;
  const files = managerFiles(dataDirectory);
  await createPrivateDirectory(files.manager);
  const store = await openOrCreateStore(files, { clock, random, log }); // First: its lock says whether we are alone.
  try {
    const authority = await openAuthority({ directory: files.authority, clock, random });
    const identity = await issueManagerIdentity(authority, needs);
    await issueAdministratorIdentity(authority, needs);
    const database = await openDatabase({ file: files.database, clock, log });
    assert(identity.peer.kind === "manager", "the manager's certificate is a manager's");
    return {
      managerId: identity.peer.id,
      authority,
      identity,
      database,
      store,
      async close() {
        await database.destroy();
        await store.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function openOrCreateStore(
  files: ReturnType<typeof managerFiles>,
  needs: { clock: Clock; random: Random; log: Log },
): Promise<Store> {
  const { random } = needs;
  await createPrivateDirectory(files.store);
  const medium = await openDirectoryMedium({ path: files.store, random });
  const known = await readPrivateFile(files.passphrase, PASSPHRASE_BYTES_MAX);
  if (known !== undefined) {
    // A kill between the passphrase and the store leaves the first alone; then the store is made now.
    const hasStore = (await medium.list("")).length > 0;
    return (hasStore ? openStore : createStore)({ medium, passphrase: known.trim(), ...needs });
  }
  if ((await medium.list("")).length > 0) {
    await medium.close();
    throw new SettingsError(
      "store",
      `${files.store} holds a store, but its passphrase ${files.passphrase} is gone: put the copy that you kept of it there`,
    );
  }
  const passphrase = random(32).toString("base64url");
  await writePrivateFile(files.passphrase, `${passphrase}\n`, "new-only");
  return createStore({ medium, passphrase, ...needs });
}

/** A fresh certificate for the key the manager has, or its first key and certificate. */
export async function issueManagerIdentity(
  authority: Authority,
  { dataDirectory, names, clock, random }: Pick<Needs, "dataDirectory" | "names" | "clock" | "random">,
): Promise<Identity> {
  const { identity: directory } = managerFiles(dataDirectory);
  const known = await loadIdentity(directory);
  const id = known?.peer.kind === "manager" ? known.peer.id : createUuid({ clock, random });
  const { key, request } = createKeyAndRequest();
  const { certificate } = await authority.issue({
    peer: { kind: "manager", id },
    key: { request },
    validDays: MANAGER_CERTIFICATE_DAYS,
    names: [...new Set([...names, ...namesOfThisComputer()])],
  });
  return storeIdentity(directory, { key, certificate, authority: authority.certificate });
}

async function issueAdministratorIdentity(authority: Authority, { dataDirectory }: Needs): Promise<void> {
  const { key, request } = createKeyAndRequest();
  const { certificate } = await authority.issue({
    peer: { kind: "administrator", name: "local" },
    key: { request },
    validDays: ADMINISTRATOR_CERTIFICATE_DAYS,
  });
  await storeIdentity(managerFiles(dataDirectory).administrator, {
    key,
    certificate,
    authority: authority.certificate,
  });
}

/** Tells the command line where the administration port is. */
export async function writeAdministratorLink(
  dataDirectory: string,
  link: { readonly address: string; readonly port: number; readonly managerId: string },
): Promise<void> {
  const path = join(managerFiles(dataDirectory).administrator, "manager.json");
  await writePrivateFile(path, `${JSON.stringify(link, null, 2)}\n`, "always");
}

/** Names and addresses by which this computer may be reached: `web1`, `192.0.2.7`, `localhost`. */
export function namesOfThisComputer(): string[] {
  const addresses = Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter(({ address, scopeid }) => !address.startsWith("fe80:") && !(scopeid ?? 0))
    .map(({ address }) => address);
  return [hostname(), "localhost", ...addresses, "127.0.0.1", "::1"];
}

/** Where hosts reach a manager that listens on `listenHost`: what the operator says, or what this computer has. */
export function reachableAddresses(listenHost: string, names: readonly string[]): string[] {
  if (names.length > 0) return [...names];
  const isEverywhere = listenHost === "::" || listenHost === "0.0.0.0";
  if (!isEverywhere) return [listenHost];
  const isLoopback = (name: string) => name === "localhost" || name.startsWith("127.") || name === "::1";
  const outside = namesOfThisComputer().filter((name) => !isLoopback(name));
  // Addresses before the name: a host behind a firewall may not resolve it. The loopback is last, for this computer.
  return [...outside.slice(1), ...outside.slice(0, 1)].slice(0, 6).concat("127.0.0.1");
}
