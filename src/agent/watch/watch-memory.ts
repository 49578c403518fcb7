import { open, readFile, rename, stat, utimes } from "node:fs/promises";
import { dirname } from "node:path";
import type { Remark } from "../../judging/conditions.ts";
import { CONDITIONS, LEVELS } from "../../judging/rule.ts";
import { ALERT_CATEGORIES, ALERT_KINDS, type Alert, SEVERITIES } from "../../model/alert.ts";
import { CorruptionError, codeOf, reasonOf } from "../../runtime/errors.ts";
import { makeFolders } from "../../runtime/make-folders.ts";
import { isUuid } from "../../runtime/random.ts";
import type { RunRecord } from "./run-events.ts";

// What the watcher must not forget, in one small file that is replaced whole.
//
// Order, so that a kill at any moment tells nothing twice and forgets nothing: (1) the new judgements and the alerts
// that follow from them are written together; (2) each alert is told; (3) the file is written without them. A run that
// finds untold alerts tells them again under the same ids, and the same id is the same alert everywhere.
// It is written only when something is told, never at rest: at rest only its modification time moves (`touch`), which is
// how the next run knows for how long this one lived.

export interface Remembered {
  readonly run: RunRecord | null;
  readonly remarks: readonly Remark[];
  readonly untold: readonly Alert[];
}

export interface WatchMemory {
  /**
   * Null where there is nothing yet. Throws CorruptionError for what cannot be understood, after setting it aside under
   * the same name with `.damaged`.
   */
  load(): Promise<{ readonly remembered: Remembered; readonly aliveAtMs: number } | null>;
  /** Resolves when it would survive a power failure. */
  save(remembered: Remembered): Promise<void>;
  touch(nowMs: number): Promise<void>;
}

const VERSION = 1;

export function createWatchMemory(path: string): WatchMemory {
  return {
    async load() {
      let text: string;
      let aliveAtMs: number;
      try {
        text = await readFile(path, "utf8");
        aliveAtMs = (await stat(path)).mtimeMs;
      } catch (error) {
        if (codeOf(error) === "ENOENT") return null;
        throw error;
      }
      try {
        return { remembered: parseRemembered(text), aliveAtMs };
      } catch (error) {
        await rename(path, `${path}.damaged`);
        throw new CorruptionError(path, reasonOf(error));
      }
    },
    async save(remembered) {
      const next = `${path}.next`;
      await makeFolders(dirname(path));
      const file = await open(next, "w", 0o600);
      try {
        await file.writeFile(JSON.stringify({ version: VERSION, ...remembered }));
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(next, path);
      const folder = await open(dirname(path), "r");
      try {
        await folder.sync();
      } finally {
        await folder.close();
      }
    },
    touch: (nowMs) => utimes(path, nowMs / 1000, nowMs / 1000),
  };
}

/** Throws an Error that says what is wrong. */
export function parseRemembered(text: string): Remembered {
  const value: unknown = JSON.parse(text);
  if (!isObject(value)) throw new Error("not an object");
  if (value.version !== VERSION) throw new Error(`version ${String(value.version)}, not ${VERSION}`);
  const { run, remarks, untold } = value;
  if (run !== null && !isRun(run)) throw new Error("run: not a record of a run");
  if (!Array.isArray(remarks) || !remarks.every(isRemark)) throw new Error("remarks: not judgements");
  if (!Array.isArray(untold) || !untold.every(isAlert)) throw new Error("untold: not alerts");
  return { run, remarks, untold };
}

type Fields = { readonly [key: string]: unknown };

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null;
}

function isOneOf(value: unknown, names: readonly string[]): boolean {
  return typeof value === "string" && names.includes(value);
}

function areTexts(...values: readonly unknown[]): boolean {
  return values.every((value) => typeof value === "string");
}

function isRun(value: unknown): value is RunRecord {
  if (!isObject(value)) return false;
  const { startedAtMs, bootId, stoppedAtMs } = value;
  return (
    typeof startedAtMs === "number" &&
    (bootId === null || typeof bootId === "string") &&
    (stoppedAtMs === null || typeof stoppedAtMs === "number")
  );
}

function isRemark(value: unknown): value is Remark {
  if (!isObject(value) || !isObject(value.judgement)) return false;
  const { level, sinceMs, worst, pending, pendingLooks } = value.judgement;
  return (
    isOneOf(value.condition, CONDITIONS) &&
    isOneOf(value.category, Object.keys(ALERT_CATEGORIES)) &&
    areTexts(value.component, value.measure, value.provider) &&
    [level, worst, pending].every((one) => isOneOf(one, LEVELS)) &&
    (sinceMs === null || typeof sinceMs === "number") &&
    typeof pendingLooks === "number"
  );
}

function isAlert(value: unknown): value is Alert {
  if (!isObject(value)) return false;
  const { id, raisedAtMs, severity, category, kind, component, condition, summary, details } = value;
  return (
    typeof id === "string" &&
    isUuid(id) &&
    typeof raisedAtMs === "number" &&
    isOneOf(severity, Object.keys(SEVERITIES)) &&
    isOneOf(category, Object.keys(ALERT_CATEGORIES)) &&
    isOneOf(kind, Object.keys(ALERT_KINDS)) &&
    areTexts(component, condition, summary) &&
    Array.isArray(details) &&
    details.every((detail) => isObject(detail) && areTexts(detail.name, detail.value))
  );
}
