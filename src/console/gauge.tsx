import type { HostOverview } from "../api/host-routes.ts";
import { CriticalIcon, UnknownIcon, WarningIcon } from "./icons.tsx";
import { useWords } from "./language.tsx";

type Reading = HostOverview["gauges"][number];

const ICONS = { ok: null, unknown: <UnknownIcon />, warning: <WarningIcon />, critical: <CriticalIcon /> } as const;
const TONES = { ok: "good", unknown: "quiet", warning: "warning", critical: "critical" } as const;

/** A ratio as a small bar; what the agent says of it on hover. A sensor that cannot be read has no bar. */
export function Gauge({ reading }: { readonly reading: Reading }) {
  const words = useWords();
  const name = words.component(reading.component);
  const percent = reading.value === null ? null : Math.round(Math.min(1, Math.max(0, reading.value)) * 100);
  const said = percent === null ? words.readingState.unknown : `${percent} %`;
  return (
    <div className={`gauge tone-${TONES[reading.state]}`} title={`${name}: ${reading.summary}`}>
      <div className="gauge-label">
        <span className="gauge-name">{shortName(reading.component, name)}</span>
        <span className="gauge-value">
          {ICONS[reading.state]}
          {percent === null ? "?" : `${percent} %`}
        </span>
      </div>
      <meter className="hidden" aria-label={`${name}: ${said}`} min={0} max={100} value={percent ?? 0} />
      <div className="gauge-track" aria-hidden="true">
        {percent !== null && <div className="gauge-bar" style={{ width: `${percent}%` }} />}
      </div>
    </div>
  );
}

/** There is room for a mount point, but not for the word before it, too. */
function shortName(component: string, name: string): string {
  return /^file system (\S.*)$/.exec(component)?.[1] ?? name;
}
