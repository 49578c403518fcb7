import { Button, Modal } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { call } from "./api-call.ts";
import { CopyLine } from "./copy-line.tsx";
import { Failure } from "./failure.tsx";
import { formatTime } from "./format.ts";
import { GoodIcon } from "./icons.tsx";
import { useSpeech } from "./language.tsx";
import { StateMark } from "./marks.tsx";

/** The line to paste on a server, and the moment at which that server appears. */
export function AddServer({ opened, onClose }: { readonly opened: boolean; readonly onClose: () => void }) {
  const { words, language } = useSpeech();
  const token = useMutation({ mutationFn: () => call("POST /api/v1/enrolment-tokens", { body: {} }) });
  const { mutate, reset } = token;
  useEffect(() => {
    if (opened) mutate();
    else reset();
  }, [opened, mutate, reset]);

  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={words.token.title}
      size="lg"
      closeButtonProps={{ "aria-label": words.close }}
    >
      {token.error !== null && <Failure error={token.error} retry={mutate} />}
      {token.data !== undefined && (
        <div className="stack">
          <p>{words.token.how}</p>
          <CopyLine line={token.data.line} />
          <p className="quiet small">
            {words.token.expires} {formatTime(token.data.expiresAtMs, language)}
          </p>
          <Arrival key={token.data.token} />
          <div className="row-end">
            <Button variant="default" onClick={onClose}>
              {words.close}
            </Button>
          </div>
        </div>
      )}
    </Modal>
  );
}

/** Waits for a host that was not there when it began to. */
function Arrival() {
  const { words } = useSpeech();
  const [before, setBefore] = useState<ReadonlySet<string>>();
  // Under the hosts' key, so that the event of an enrolment has it asked for again at once.
  const hosts = useQuery({
    queryKey: ["hosts", "arrival"],
    queryFn: ({ signal }) => call("GET /api/v1/hosts", { query: { limit: 200 } }, signal),
    refetchInterval: 5_000,
    gcTime: 0,
  });
  useEffect(() => {
    if (before === undefined && hosts.data !== undefined) setBefore(new Set(hosts.data.items.map((host) => host.id)));
  }, [before, hosts.data]);
  const fresh = before === undefined ? undefined : hosts.data?.items.find((host) => !before.has(host.id));
  if (fresh !== undefined) return <StateMark tone="good" icon={<GoodIcon />} word={words.token.done(fresh.name)} />;
  return (
    <p className="quiet" role="status">
      <span className="waiting-dot" aria-hidden="true" /> {words.token.waiting}…
    </p>
  );
}
