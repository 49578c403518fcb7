import { parentPort, workerData } from "node:worker_threads";
import { createWorker, type Work } from "./chunk-work.ts";
import type { CrewThreadData } from "./work-crew.ts";

// The thread at the other end of work-crew.ts.

const { sizes, gearKey, idKey } = workerData as CrewThreadData;
const perform = createWorker({ sizes, gearKey: Buffer.from(gearKey), idKey: Buffer.from(idKey) });

parentPort?.on("message", (work: Work) => parentPort?.postMessage(perform(work)));
