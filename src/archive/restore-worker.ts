import { parentPort, workerData } from "node:worker_threads";
import { EntryWriter } from "./entry-writer.ts";
import type { CrewMessage, CrewReply, CrewSettings } from "./restore-crew.ts";
import { decodeTask } from "./restore-task.ts";
import { TaskPerformer } from "./task-performer.ts";

// The thread at the other end of restore-crew.ts.

const { idKey, temporaryPrefix } = workerData as CrewSettings;
const performer = new TaskPerformer({ writer: new EntryWriter({ temporaryPrefix }), idKey: Buffer.from(idKey) });

parentPort?.on("message", ({ task, contents }: CrewMessage) => {
  const decoded = decodeTask(
    Buffer.from(task),
    contents.map(({ buffer, byteOffset, length }) => Buffer.from(buffer, byteOffset, length)),
  );
  const reply: CrewReply = performer.perform(decoded);
  parentPort?.postMessage(reply);
});
