import type { Clock } from "../../../runtime/clock.ts";
import type { Log } from "../../../runtime/log.ts";
import type { ManagerSettings } from "../../settings.ts";
import { createHistoryForwarder, type HistoryForwarder } from "./history-forwarder.ts";
import { openRemoteWrite } from "./remote-write.ts";

/** Passes readings on where the settings say so; undefined where they do not. Throws SettingsError. */
export async function createForwarding(
  settings: Pick<ManagerSettings, "history.forwardUrl" | "history.forwardTokenFile">,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Promise<HistoryForwarder | undefined> {
  const url = settings["history.forwardUrl"];
  if (url === "") return undefined;
  const remote = await openRemoteWrite({ url, tokenFile: settings["history.forwardTokenFile"] }, clock);
  const forwarder = createHistoryForwarder({ send: remote.send, clock, log });
  return {
    ...forwarder,
    async stop() {
      await forwarder.stop();
      remote.close();
    },
  };
}
