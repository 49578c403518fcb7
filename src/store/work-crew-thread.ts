import { parentPort, workerData } from "node:worker_threads";
import { createWorker } from "./chunk-work.ts";
import { TaskClaims } from "./task-claims.ts";
import type { CrewThreadData, TaskAnswer, TaskMessage } from "./work-crew.ts";

// The thread at the other end of work-crew.ts.

const { sizes, gearKey, idKey, claims: memory } = workerData as CrewThreadData;
const perform = createWorker({ sizes, gearKey: Buffer.from(gearKey), idKey: Buffer.from(idKey) });
const claims = new TaskClaims(memory);

parentPort?.on("message", ({ number, work }: TaskMessage) => {
  if (!claims.take(number)) return;
  const answer: TaskAnswer = { number, reply: perform(work) };
  parentPort?.postMessage(answer);
});
