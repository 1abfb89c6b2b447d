import type { QueueInfo, TaskType } from '@longhaul/proto/wire';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { CirclePause, CirclePlay } from 'lucide-react';
import { Link } from 'wouter';
import { Button } from '../../components/button.tsx';
import { type Column, TableHead } from '../../components/tableHead.tsx';
import { durationText } from '../../components/timeText.ts';
import { toast, toastError } from '../../components/toasts.tsx';
import { typesQuery } from '../../gateway/queries.ts';
import { tasks } from '../../gateway/tasks.ts';

const columns: readonly Column[] = [
  { title: 'Type' },
  {
    title: (
      <>
        Waiting <span className="sr-only">(high, normal, low)</span>
      </>
    ),
    number: true,
    hint: 'high · normal · low',
  },
  { title: 'Running', number: true },
  { title: 'Retrying', number: true },
  { title: 'Scheduled', number: true },
];

/** Every type of task: what waits and runs of it, and whether it may. */
export function TypesCard({
  types,
  queues,
}: {
  readonly types: readonly TaskType[];
  readonly queues: readonly QueueInfo[];
}) {
  const byName = new Map(queues.map(queue => [queue.name, queue]));
  return (
    <section className="card" aria-label="Task types">
      <header>
        <h2 className="grow">Task types</h2>
        <span className="muted small">{types.length}</span>
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard */}
      <section className="scroll-x" tabIndex={0} aria-label="Queues of the task types">
        <table className="grid-table">
          <TableHead columns={columns} />
          <tbody>
            {types.map(type => (
              <TypeRow key={type.name} type={type} queue={byName.get(type.name)} />
            ))}
          </tbody>
        </table>
      </section>
    </section>
  );
}

function TypeRow({ type, queue }: { readonly type: TaskType; readonly queue: QueueInfo | undefined }) {
  const client = useQueryClient();
  const { name, title } = type;
  const set = useMutation({
    mutationFn: (pause: boolean) => (pause ? tasks.$types.pause(name) : tasks.$types.resume(name)),
    onSuccess: ({ paused }) => {
      client.setQueryData(typesQuery.queryKey, before =>
        before?.map(one => (one.name === name ? { ...one, paused } : one)),
      );
      toast(paused ? `${name} is paused: no executor takes its tasks.` : `${name} is resumed.`);
    },
    onError: toastError,
  });
  const { paused } = type;
  const { high = 0, normal = 0, low = 0 } = queue?.pending ?? {};
  return (
    <tr>
      <td>
        <Link href={`/run/${name}`}>{title ?? name}</Link>
        <div className="mono muted small">{name}</div>
        <div className="muted small">
          {type.timeoutMs === 0 ? 'no time limit' : `at most ${durationText(type.timeoutMs)} an attempt`}
        </div>
      </td>
      <td className="number nowrap">
        <Count value={high + normal + low} href={`/tasks?status=pending&name=${name}`} />
        {high + low > 0 && (
          <div className="muted small">
            {high} · {normal} · {low}
          </div>
        )}
      </td>
      <td className="number">
        <Count value={queue?.running ?? 0} href={`/tasks?status=running&name=${name}`} />
      </td>
      <td className="number">
        <Count value={queue?.retrying ?? 0} href={`/tasks?status=retrying&name=${name}`} />
      </td>
      <td className="number">
        <Count value={queue?.scheduled ?? 0} href={`/tasks?status=scheduled&name=${name}`} />
      </td>
      <td className="number nowrap">
        {paused && (
          <span className="status" data-status="PAUSED">
            <CirclePause aria-hidden /> Paused
          </span>
        )}{' '}
        <Button
          tiny
          disabled={set.isPending}
          aria-label={`${paused ? 'Resume' : 'Pause'} ${name}`}
          onClick={() => set.mutate(!paused)}
        >
          {paused ? <CirclePlay aria-hidden /> : <CirclePause aria-hidden />}
          {paused ? 'Resume' : 'Pause'}
        </Button>
      </td>
    </tr>
  );
}

function Count({ value, href }: { readonly value: number; readonly href: string }) {
  return value === 0 ? <span className="muted">0</span> : <Link href={href}>{value}</Link>;
}
