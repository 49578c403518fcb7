import { parentPort, workerData } from "node:worker_threads";
import { EntryWriter } from "./entry-writer.ts";
import type { CrewMessage, CrewReply, CrewThreadData } from "./restore-crew.ts";
import { decodeTask } from "./restore-task.ts";
import { TaskPerformer } from "./task-performer.ts";
import { TemporaryNames } from "./temporary-names.ts";

// The thread at the other end of restore-crew.ts.

const { idKey: bytes, start, thread } = workerData as CrewThreadData;
const idKey = Buffer.from(bytes);
const writer = new EntryWriter({ names: new TemporaryNames({ idKey, start, thread }) });
const performer = new TaskPerformer({ writer, idKey });

parentPort?.on("message", ({ task, contents }: CrewMessage) => {
  const decoded = decodeTask(
    Buffer.from(task),
    contents.map(({ buffer, byteOffset, length }) => Buffer.from(buffer, byteOffset, length)),
  );
  const reply: CrewReply = performer.perform(decoded);
  parentPort?.postMessage(reply);
});
