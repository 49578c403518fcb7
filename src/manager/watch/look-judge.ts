import {
  type Conditions,
  judgeSight,
  type Remark,
  resumeConditions,
  statedReadings,
} from "../../judging/conditions.ts";
import type { Condition, Rule } from "../../judging/rule.ts";
import { type RuleSettings, rulesFrom, SAID_RULES, withOwn } from "../../judging/thresholds.ts";
import { toAlert } from "../../judging/to-alert.ts";
import type { Alert, InboxAlert } from "../../model/alert.ts";
import type { HostReadings } from "../../model/reading.ts";
import type { HostThresholds } from "../../model/thresholds.ts";
import type { Clock } from "../../runtime/clock.ts";
import { reasonOf } from "../../runtime/errors.ts";
import type { Log } from "../../runtime/log.ts";
import { createUuid, type Random } from "../../runtime/random.ts";
import type { Inbox } from "../alerts/inbox.ts";

// Judges what looks at servers without our agent brought, by the rules by which an agent judges its own host. What has been
// told is read from the inbox at the first look after the manager's start, and not remembered elsewhere: a restart neither
// repeats an alert nor forgets to end it. In maintenance the inbox keeps the alert and bothers nobody.

/** Conditions of one server that are open at once: each is an alert in the inbox. */
const OPEN_PAGE = 200;
const OPEN_PAGES_MAX = 10;
/** All readings of a look come from one place. */
const LOOK = "look";

export interface LookJudgeNeeds {
  readonly inbox: Pick<Inbox, "raise" | "page">;
  /** The manager's. */
  readonly settings: RuleSettings;
  /** What differs for one server; undefined where it is no longer minded. */
  readonly thresholdsOf: (hostId: string) => Promise<HostThresholds | undefined>;
  /** Whether its state counts: of one whose does not, everything that was told ends. */
  readonly isWatched: (hostId: string) => boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface LookJudge {
  /**
   * The readings with the states that people have been told; what there is to tell is in the inbox then. Undefined where
   * the server was removed meanwhile. Never rejects.
   */
  judge(hostId: string, look: HostReadings): Promise<HostReadings | undefined>;
  /** It has other thresholds from now on. */
  changed(hostId: string): void;
  /** Of a host that is no longer minded. */
  remove(hostId: string): void;
}

interface Judged {
  conditions: Conditions;
  rules: readonly Rule[] | undefined;
  /** Judged, and not yet in the inbox: the same alerts are told again. */
  untold: readonly Alert[];
}

/** Throws SettingsError for thresholds of the manager that contradict each other. */
export function createLookJudge(needs: LookJudgeNeeds): LookJudge {
  const { inbox, settings, thresholdsOf, isWatched, clock, random, log } = needs;
  rulesFrom(settings);
  const hosts = new Map<string, Judged>();
  /** One look of a host after the other, however long the database takes. */
  const underWay = new Map<string, Promise<HostReadings | undefined>>();

  async function rulesOf(hostId: string): Promise<readonly Rule[]> {
    const own = await thresholdsOf(hostId);
    return [...rulesFrom(withOwn(settings, own ?? {})), ...SAID_RULES];
  }

  async function judgeOne(hostId: string, look: HostReadings): Promise<HostReadings> {
    const known = hosts.get(hostId);
    const rules = known?.rules ?? (await rulesOf(hostId));
    const judged = known ?? { conditions: await resume(hostId, rules), rules, untold: [] };
    hosts.set(hostId, judged);
    judged.rules = rules;
    const sight = sightOf(look);
    if (judged.untold.length === 0) {
      const { after, alerts } = judgeSight(judged.conditions, sight, isWatched(hostId) ? rules : []);
      judged.conditions = after;
      judged.untold = alerts.map((telling) => toAlert(telling, createUuid({ clock, random })));
    }
    // While alerts wait to be told nothing new is judged: their number stays bounded, and the order is kept.
    for (let alert = judged.untold[0]; alert !== undefined; alert = judged.untold[0]) {
      await inbox.raise(hostId, alert);
      judged.untold = judged.untold.slice(1);
    }
    return { readAtMs: look.readAtMs, readings: statedReadings(sight, judged.conditions) };
  }

  /** The newest of each condition says how bad it was told to be, the oldest since when it is so. */
  async function resume(hostId: string, rules: readonly Rule[]): Promise<Conditions> {
    const remarks = new Map<string, Remark>();
    let after: number | undefined;
    for (let page = 0; page < OPEN_PAGES_MAX; page += 1) {
      const { items, next } = await inbox.page({ limit: OPEN_PAGE, hostId, states: ["open", "acknowledged"], after });
      for (const alert of items) {
        const rule = rules.find(({ condition }) => condition === alert.condition);
        if (alert.kind !== "raised" || rule === undefined) continue;
        const key = `${alert.condition}\n${alert.component}`;
        const newer = remarks.get(key);
        remarks.set(
          key,
          newer === undefined
            ? toRemark(alert, rule)
            : { ...newer, judgement: { ...newer.judgement, sinceMs: alert.raisedAtMs } },
        );
      }
      if (next === null) break;
      after = next;
    }
    return resumeConditions([...remarks.values()], rules);
  }

  return {
    judge(hostId, look) {
      const before = underWay.get(hostId) ?? Promise.resolve();
      const work: Promise<HostReadings | undefined> = before
        .then(() => judgeOne(hostId, look))
        .catch((error: unknown) => {
          log.error({ host: hostId, reason: reasonOf(error) }, "what was seen of a server could not be judged");
          return look;
        })
        .then((stated) => {
          const isThere = underWay.has(hostId);
          if (underWay.get(hostId) === work) underWay.delete(hostId);
          if (!isThere) hosts.delete(hostId);
          return isThere ? stated : undefined;
        });
      underWay.set(hostId, work);
      return work;
    },
    changed(hostId) {
      const judged = hosts.get(hostId);
      if (judged !== undefined) judged.rules = undefined;
    },
    remove(hostId) {
      hosts.delete(hostId);
      underWay.delete(hostId);
    },
  };
}

function toRemark({ condition, component, category, severity, raisedAtMs }: InboxAlert, { measure }: Rule): Remark {
  const level = severity === "warning" ? "warning" : "critical";
  return {
    ...{ condition: condition as Condition, component, category, measure, provider: LOOK },
    judgement: { level, sinceMs: raisedAtMs, worst: level, pending: level, pendingLooks: 0 },
  };
}

/** Where a part of the look failed nothing is taken for gone, for it may be in that part. */
function sightOf({ readAtMs, readings }: HostReadings) {
  const isWhole = readings.every(({ measure, value }) => value !== null || !PART_MEASURES.has(measure));
  return {
    readAtMs,
    seen: readings.map((reading) => ({ provider: LOOK, reading })),
    answered: new Set(isWhole ? [LOOK] : []),
  };
}

/** Of readings that stand for a class, a table, or what is left out. */
const PART_MEASURES: ReadonlySet<string> = new Set(["answers", "all", "left out"]);
