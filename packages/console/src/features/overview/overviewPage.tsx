import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'wouter';
import { usePageTitle } from '../../app/pageTitle.ts';
import { Failed, Skeleton } from '../../components/states.tsx';
import { typesQuery } from '../../gateway/queries.ts';
import type { Range } from '../../gateway/system.ts';
import { Charts } from './charts.tsx';
import { clockText, ExecutorsCard } from './executorsCard.tsx';
import { type Figures, figuresOf, useSystem } from './figures.ts';
import { SchedulesCard } from './schedulesCard.tsx';
import { TypesCard } from './typesCard.tsx';
import './overview.css';

const minuteMs = 60_000;
const ranges = {
  'Last 5 minutes': { lastMs: 5 * minuteMs, buckets: 60 },
  'Last 15 minutes': { lastMs: 15 * minuteMs, buckets: 30 },
  'Last hour': { lastMs: 60 * minuteMs, buckets: 60 },
  'Last day': { lastMs: 24 * 60 * minuteMs, buckets: 96 },
  'Last week': { lastMs: 7 * 24 * 60 * minuteMs, buckets: 168 },
} as const satisfies Record<string, Range>;
type RangeName = keyof typeof ranges;

/** The whole system at a glance: how much there is to do, how it goes, who does it, and what fires when. */
export default function OverviewPage() {
  usePageTitle('Overview');
  const [range, setRange] = useState<RangeName>('Last 15 minutes');
  const snapshot = useSystem(ranges[range]);
  const types = useQuery(typesQuery);
  return (
    <>
      <div className="page-head">
        <h1 className="grow">Overview</h1>
        <select
          className="input range"
          aria-label="Time of figures and charts"
          value={range}
          onChange={event => setRange(event.target.value as RangeName)}
        >
          {Object.keys(ranges).map(name => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </div>
      {clockText(snapshot?.clockAheadMs) && (
        <p className="clock-note" role="status">
          The clock of the gateway’s machine is {clockText(snapshot?.clockAheadMs)}. Tasks go by the server’s
          time and are not affected; times of log lines are. Set the clock by a time service (NTP).
        </p>
      )}
      <div className="overview">
        {snapshot ? (
          <>
            <Tiles figures={figuresOf(snapshot)} range={range} />
            <Charts snapshot={snapshot} />
          </>
        ) : (
          <div className="card body-only">
            <Skeleton lines={6} height={28} />
          </div>
        )}
        <div className="overview-columns">
          {types.isError && !types.data ? (
            <Failed error={types.error} onRetry={() => void types.refetch()} />
          ) : (
            <TypesCard types={types.data ?? []} queues={snapshot?.queues ?? []} />
          )}
          {snapshot && <ExecutorsCard executors={snapshot.executors} />}
        </div>
        <SchedulesCard />
      </div>
    </>
  );
}

function Tiles({ figures, range }: { readonly figures: Figures; readonly range: RangeName }) {
  const { waiting, running, slots, busySlots, retrying, scheduled, completed, failed } = figures;
  const ended = completed + failed;
  return (
    <dl className="tiles">
      <Tile
        name="Running"
        value={running}
        note={`${busySlots} of ${slots} slots busy`}
        href="/tasks?status=running"
      />
      <Tile
        name="Waiting"
        value={waiting}
        note={scheduled > 0 ? `${scheduled} scheduled` : 'for an executor'}
        href="/tasks?status=pending"
      />
      <Tile name="Retrying" value={retrying} note="between two attempts" href="/tasks?status=retrying" />
      <Tile name="Completed" value={completed} note={range.toLowerCase()} href="/tasks?status=completed" />
      <Tile
        name="Failed"
        value={failed}
        note={
          ended === 0
            ? range.toLowerCase()
            : `${((100 * failed) / ended).toFixed(failed === 0 ? 0 : 1)} % of what ended`
        }
        href="/tasks?status=failed"
        bad={failed > 0}
      />
    </dl>
  );
}

function Tile({
  name,
  value,
  note,
  href,
  bad = false,
}: {
  readonly name: string;
  readonly value: number;
  readonly note: string;
  readonly href: string;
  readonly bad?: boolean;
}) {
  return (
    <div className="card tile" data-bad={bad}>
      <dt>
        <Link href={href}>{name}</Link>
      </dt>
      <dd>
        <strong>{value.toLocaleString('en')}</strong>
        <span className="muted small">{note}</span>
      </dd>
    </div>
  );
}
