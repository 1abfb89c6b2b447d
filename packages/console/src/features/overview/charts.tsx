import { lazy, type ReactNode, Suspense, useMemo } from 'react';
import { durationText, roundDurationText } from '../../components/timeText.ts';
import type { Snapshot } from '../../gateway/system.ts';
import type { Load } from './load.ts';

// The plotting library comes after the numbers.
const Chart = lazy(() => import('./chart.tsx'));
const counted = (value: number) => String(Math.round(value * 100) / 100);
const seconds = (at: string) => Date.parse(at) / 1_000;

export function Charts({
  snapshot,
  loads,
}: {
  readonly snapshot: Snapshot;
  readonly loads: readonly Load[];
}) {
  const { buckets, bucketMs, partial } = snapshot.throughput;
  const loadLines = useMemo(
    () => ({
      times: loads.map(({ at }) => seconds(at)),
      lines: [
        { name: 'Waiting', tone: 'pending', values: loads.map(({ waiting }) => waiting), fill: true },
        { name: 'Running', tone: 'running', values: loads.map(({ running }) => running), fill: true },
      ],
    }),
    [loads],
  );
  const series = useMemo(() => {
    const times = buckets.map(({ at }) => seconds(at));
    return {
      ends: {
        times,
        lines: [
          {
            name: 'Completed',
            tone: 'completed',
            values: buckets.map(({ completed }) => completed),
            fill: true,
          },
          { name: 'Failed', tone: 'failed', values: buckets.map(({ failed }) => failed) },
          {
            name: 'Canceled',
            tone: 'canceled',
            values: buckets.map(({ canceled }) => canceled),
            dashed: true,
          },
        ],
      },
      durations: {
        times,
        lines: [
          {
            name: 'Running, median',
            tone: 'running',
            values: buckets.map(({ runningMs }) => runningMs?.p50 ?? null),
          },
          {
            name: 'Running, 95 %',
            tone: 'running',
            values: buckets.map(({ runningMs }) => runningMs?.p95 ?? null),
            dashed: true,
          },
          {
            name: 'Waiting, 95 %',
            tone: 'scheduled',
            values: buckets.map(({ waitingMs }) => waitingMs?.p95 ?? null),
            dashed: true,
          },
        ],
      },
    };
  }, [buckets]);
  return (
    <div className="charts">
      <Frame title="Load" note="while this console is open">
        <Chart {...loadLines} format={counted} />
      </Frame>
      <Frame
        title="Ended tasks"
        note={`per ${durationText(bucketMs)}${partial ? ', of the latest tasks' : ''}`}
      >
        <Chart {...series.ends} format={counted} />
      </Frame>
      <Frame title="Durations" note="of tasks that started or ended then">
        <Chart {...series.durations} format={durationText} formatAxis={roundDurationText} />
      </Frame>
    </div>
  );
}

function Frame({
  title,
  note,
  children,
}: {
  readonly title: string;
  readonly note: string;
  readonly children: ReactNode;
}) {
  return (
    <section className="card" aria-label={title}>
      <header>
        <h2 className="grow">{title}</h2>
        <span className="muted small">{note}</span>
      </header>
      <Suspense fallback={<div className="plot-place" />}>{children}</Suspense>
    </section>
  );
}
