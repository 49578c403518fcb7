import { Button, Modal, Switch, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import type { HostOverview } from "../api/host-routes.ts";
import type { Me } from "../api/session-routes.ts";
import { type CallError, call } from "./api-call.ts";
import { Failure } from "./failure.tsx";
import { useWords } from "./language.tsx";

interface HostActionsProps {
  readonly host: HostOverview;
  readonly role: Me["role"];
}

/** What an operator decides about a server: its name, its group, whether it counts; an administrator takes it away, too. */
export function HostActions({ host, role }: HostActionsProps) {
  const words = useWords();
  if (role === "viewer") return null;
  return (
    <section className="host-actions" aria-label={words.hosts.settings}>
      <h3>{words.hosts.settings}</h3>
      <NameAndGroup host={host} key={`${host.name} ${host.group}`} />
      <div className="host-switches">
        <Watched host={host} />
        {role === "administrator" && (host.means === "wsman" || host.means === "cim-xml") && (
          <Indications host={host} />
        )}
        <div className="spacer" />
        {role === "administrator" && <Remove host={host} />}
      </div>
    </section>
  );
}

/** A change of this server, after which the lists are asked for again. */
function useChange<T>(change: (wanted: T) => Promise<unknown>) {
  const client = useQueryClient();
  return useMutation<unknown, CallError, T>({
    mutationFn: change,
    onSuccess: () => client.invalidateQueries({ queryKey: ["hosts"] }),
  });
}

function useHostChange(host: HostOverview) {
  return useChange((body: { name?: string; group?: string; watched?: boolean }) =>
    call("PATCH /api/v1/hosts/:host", { params: { host: host.id }, body }),
  );
}

function NameAndGroup({ host }: Pick<HostActionsProps, "host">) {
  const words = useWords();
  const [name, setName] = useState(host.name);
  const [group, setGroup] = useState(host.group);
  const save = useHostChange(host);
  const isSame = name.trim() === host.name && group.trim() === host.group;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate({ name: name.trim(), group: group.trim() });
  };
  return (
    <form className="host-form" onSubmit={submit}>
      <TextInput
        size="xs"
        label={words.hosts.name}
        value={name}
        required
        withAsterisk={false}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <TextInput
        size="xs"
        label={words.hosts.group}
        placeholder={words.hosts.groupExample}
        value={group}
        onChange={(event) => setGroup(event.currentTarget.value)}
      />
      <Button type="submit" size="xs" variant="default" disabled={isSame} loading={save.isPending}>
        {words.hosts.save}
      </Button>
      {save.error !== null && <Failure error={save.error} />}
    </form>
  );
}

function Watched({ host }: Pick<HostActionsProps, "host">) {
  const words = useWords();
  const change = useHostChange(host);
  return (
    <>
      <Switch
        size="xs"
        label={words.hosts.watched}
        checked={change.isPending ? change.variables.watched === true : host.watched}
        onChange={(event) => change.mutate({ watched: event.currentTarget.checked })}
      />
      {change.error !== null && <Failure error={change.error} />}
    </>
  );
}

function Indications({ host }: Pick<HostActionsProps, "host">) {
  const words = useWords();
  const change = useChange((subscribed: boolean) =>
    call("PUT /api/v1/hosts/:host/indications", { params: { host: host.id }, body: { subscribed } }),
  );
  return (
    <>
      <Switch
        size="xs"
        label={words.hosts.indications}
        checked={change.isPending ? change.variables : host.subscription !== null}
        onChange={(event) => change.mutate(event.currentTarget.checked)}
      />
      {change.error !== null && <Failure error={change.error} />}
    </>
  );
}

function Remove({ host }: Pick<HostActionsProps, "host">) {
  const words = useWords();
  const [isAsked, setAsked] = useState(false);
  const remove = useChange(() => call("DELETE /api/v1/hosts/:host", { params: { host: host.id } }));
  const close = () => {
    setAsked(false);
    remove.reset();
  };
  return (
    <>
      <Button size="xs" variant="default" color="red" onClick={() => setAsked(true)}>
        {words.hosts.remove}
      </Button>
      <Modal
        opened={isAsked}
        onClose={close}
        title={words.hosts.removeTitle(host.name)}
        closeButtonProps={{ "aria-label": words.close }}
      >
        <div className="stack">
          <p>{host.means === "agent" ? words.hosts.removeAgent : words.hosts.removeAgentless}</p>
          {remove.error !== null && <Failure error={remove.error} />}
          <div className="row-end">
            {/* First and in focus: what undoes nothing. */}
            <Button variant="default" data-autofocus onClick={close}>
              {words.cancel}
            </Button>
            <Button color="red" loading={remove.isPending} onClick={() => remove.mutate(undefined)}>
              {words.hosts.removeNow}
            </Button>
          </div>
        </div>
      </Modal>
    </>
  );
}
