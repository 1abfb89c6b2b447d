import { lazy, type ReactNode, Suspense, useMemo } from 'react';
import { durationText, roundDurationText } from '../../components/timeText.ts';
import type { Snapshot } from '../../gateway/system.ts';

// The plotting library comes after the numbers.
const Chart = lazy(() => import('./chart.tsx'));
const counted = (value: number) => String(Math.round(value * 100) / 100);
const seconds = (at: string) => Date.parse(at) / 1_000;

/** The last minutes to days, from the records of tasks: as far back as those go, whether or not the page was open. */
export function Charts({ snapshot }: { readonly snapshot: Snapshot }) {
  const { at: now, throughput } = snapshot;
  const { buckets, bucketMs, partial } = throughput;
  const series = useMemo(() => {
    const times = buckets.map(({ at }) => seconds(at));
    return {
      load: {
        // Counted at the end of each point; the last one is not over, and counted now.
        times: times.map(from => Math.min(from + bucketMs / 1_000, seconds(now))),
        lines: [
          { name: 'Waiting', tone: 'pending', values: buckets.map(({ waiting }) => waiting), fill: true },
          { name: 'In work', tone: 'running', values: buckets.map(({ running }) => running), fill: true },
        ],
      },
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
  }, [buckets, bucketMs, now]);
  const every = roundDurationText(bucketMs);
  const ofWhich = partial ? ', of the latest tasks' : '';
  return (
    <div className="charts">
      <Frame title="Load" note={`every ${every}${ofWhich}`}>
        <Chart {...series.load} format={counted} />
      </Frame>
      <Frame title="Ended tasks" note={`per ${every}${ofWhich}`}>
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
