import { describe, expect, it } from "vitest";
import { DOCTOR_LIMITS } from "../../doctor/limits.ts";
import { FakeClock } from "../../runtime/fake-clock.ts";
import { systemRandom } from "../../runtime/random.ts";
import type { ExamineOptions, HostExamination } from "./doctor.ts";
import { createIdleExaminations } from "./idle-examinations.ts";

const EXAMINATION = { tookMs: 1 } as HostExamination;
const NOW = AbortSignal.abort();
const NEVER = new AbortController().signal;

/** A doctor whose examinations end when told to, or when they are given up. */
function begin() {
  const clock = new FakeClock();
  const asked: ExamineOptions[] = [];
  const answers: PromiseWithResolvers<HostExamination | undefined>[] = [];
  const examinations = createIdleExaminations(
    {
      examine(_hostId, options = {}) {
        const answer = Promise.withResolvers<HostExamination | undefined>();
        options.idle?.signal.addEventListener("abort", () => answer.resolve(EXAMINATION));
        asked.push(options);
        answers.push(answer);
        return answer.promise;
      },
    },
    { clock, random: systemRandom },
  );
  return { clock, asked, answers, examinations };
}

describe("examinations with idle connections", () => {
  it("are begun at once and collected when they have ended, and forgotten some time later", async () => {
    const { clock, asked, answers, examinations } = begin();
    const { id } = examinations.start("web1", 60);
    expect(asked[0]?.idle?.seconds).toBe(60);
    expect((await examinations.find(id, NOW))?.outcome).toEqual({ state: "running" });
    const waiting = examinations.find(id, NEVER);
    answers[0]?.resolve(EXAMINATION);
    expect((await waiting)?.outcome).toEqual({ state: "done", examination: EXAMINATION });
    await clock.advance(DOCTOR_LIMITS.idleKeptMs);
    expect(await examinations.find(id, NOW)).toBeUndefined();
  });

  it("say why they failed", async () => {
    const { answers, examinations } = begin();
    const [first, second] = [examinations.start("web1", 1), examinations.start("web2", 1)];
    answers[0]?.reject(new Error("no way"));
    answers[1]?.resolve(undefined);
    expect((await examinations.find(first.id, NEVER))?.outcome).toEqual({ state: "failed", problem: "no way" });
    expect((await examinations.find(second.id, NEVER))?.outcome).toMatchObject({ state: "failed" });
  });

  it("are few at once; one that is cancelled closes its connections and makes room", async () => {
    const { asked, examinations } = begin();
    const runs = Array.from({ length: DOCTOR_LIMITS.idleExaminationsMax }, () => examinations.start("web1", 60));
    expect(() => examinations.start("web1", 60)).toThrow("are under way");
    const id = runs[0]?.id ?? "";
    expect(examinations.cancel(id)?.outcome).toEqual({ state: "cancelled" });
    expect(asked[0]?.idle?.signal.aborted).toBe(true);
    examinations.start("web1", 60);
    expect((await examinations.find(id, NEVER))?.outcome).toEqual({ state: "cancelled" });
    await examinations.stop();
    expect(asked.every(({ idle }) => idle?.signal.aborted)).toBe(true);
    expect(examinations.cancel("nobody")).toBeUndefined();
  });
});
