import { Button, Checkbox } from "@mantine/core";
import { useState } from "react";
import type { ApiReply } from "../api/routes.ts";
import { alertSentence } from "../model/alert-words.ts";
import { Age } from "./age.tsx";
import { formatTime } from "./format.ts";
import { ChevronIcon } from "./icons.tsx";
import { useSpeech } from "./language.tsx";
import { AlertStateMark, SeverityMark } from "./marks.tsx";

type Alert = ApiReply<"alertShow">;

/** Ids are unique for a host, not among hosts. */
export function alertKey(alert: Alert): string {
  return `${alert.hostId} ${alert.id}`;
}

interface AlertRowProps {
  readonly alert: Alert;
  readonly canAct: boolean;
  readonly picked: boolean;
  readonly onPick: (on: boolean) => void;
  readonly onAcknowledge: () => void;
}

export function AlertRow({ alert, canAct, picked, onPick, onAcknowledge }: AlertRowProps) {
  const { words, language } = useSpeech();
  const [opened, setOpened] = useState(false);
  const isOpen = alert.state === "open";
  const sentence = alertSentence(alert, language);
  const columns = canAct ? 7 : 6;
  return (
    <>
      <tr className={isOpen ? "alert" : "alert alert-past"}>
        {canAct && (
          <td className="pick">
            {isOpen && (
              <Checkbox
                size="xs"
                aria-label={`${words.alerts.select}: ${sentence}`}
                checked={picked}
                onChange={(event) => onPick(event.currentTarget.checked)}
              />
            )}
          </td>
        )}
        <td>
          <SeverityMark severity={alert.severity} />
        </td>
        <td className="nowrap">
          <Age atMs={alert.receivedAtMs} />
        </td>
        <td className="host-cell">{alert.hostName}</td>
        <td className="what">
          <button
            type="button"
            className="summary"
            aria-expanded={opened}
            title={words.details}
            onClick={() => setOpened(!opened)}
          >
            <span>{sentence}</span>
            <ChevronIcon />
          </button>
        </td>
        <td className="nowrap">
          <AlertStateMark state={alert.state} />
          {alert.acknowledgedBy !== null && <div className="quiet small">{words.alerts.by(alert.acknowledgedBy)}</div>}
        </td>
        <td className="act">
          {canAct && isOpen && (
            <Button size="compact-sm" variant="default" onClick={onAcknowledge}>
              {words.alerts.acknowledge}
            </Button>
          )}
        </td>
      </tr>
      {opened && (
        <tr className="alert-details">
          <td colSpan={columns}>
            <dl className="facts">
              <Fact name={words.alerts.raisedAt} value={formatTime(alert.raisedAtMs, language)} />
              <Fact name={words.alerts.receivedAt} value={formatTime(alert.receivedAtMs, language)} />
              <Fact name={alert.condition} value={words.component(alert.component)} />
              {alert.details.map((detail) => (
                <Fact key={detail.name} name={detail.name} value={detail.value} />
              ))}
            </dl>
          </td>
        </tr>
      )}
    </>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
