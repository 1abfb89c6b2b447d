import type { ScheduleSummary } from '@longhaul/proto/wire';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { CalendarClock, CirclePause, CirclePlay, Plus, Trash2, Zap } from 'lucide-react';
import { useEffect, useState } from 'react';
import { Link } from 'wouter';
import { Button, IconButton } from '../../components/button.tsx';
import { Confirm } from '../../components/dialog.tsx';
import { Empty, Failed, Skeleton } from '../../components/states.tsx';
import { type Column, TableHead } from '../../components/tableHead.tsx';
import { Instant } from '../../components/time.tsx';
import { toast, toastError } from '../../components/toasts.tsx';
import { schedulesQuery } from '../../gateway/queries.ts';
import { tasks } from '../../gateway/tasks.ts';
import { NewScheduleDialog } from './newScheduleDialog.tsx';

/** A firing is known a moment after it was due. */
const firedMs = 1_500;
/** A timer for longer is none; and a schedule that was due just now is not looked at in a hurry. */
const longestTimerMs = 2 ** 31 - 1;
const leastTimerMs = 2_000;

const columns: readonly Column[] = [
  { title: 'Schedule' },
  { title: 'Fires' },
  { title: 'Next' },
  { title: 'Last' },
  { title: 'Started', number: true },
];

/** Recurring schedules: when each fires, what came of it, and a way to stop it. */
export function SchedulesCard() {
  const schedules = useQuery(schedulesQuery);
  const [making, setMaking] = useState(false);
  useReadWhenDue(schedules.data?.schedules);
  const list = schedules.data?.schedules ?? [];
  return (
    <section className="card" aria-label="Schedules">
      <header>
        <h2 className="grow">Schedules</h2>
        <Button tiny onClick={() => setMaking(true)}>
          <Plus aria-hidden /> New schedule
        </Button>
      </header>
      {schedules.isPending ? (
        <div className="body">
          <Skeleton lines={3} />
        </div>
      ) : schedules.isError && !schedules.data ? (
        <div className="body">
          <Failed error={schedules.error} onRetry={() => void schedules.refetch()} />
        </div>
      ) : list.length === 0 ? (
        <Empty icon={CalendarClock} title="No schedules yet">
          A schedule starts a task again and again: every quarter of an hour, or each night at half past two.
        </Empty>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
        <section className="scroll-x" tabIndex={0} aria-label="List of schedules">
          <table className="grid-table">
            <TableHead columns={columns} />
            <tbody>
              {list.map(schedule => (
                <ScheduleRow key={`${schedule.owner} ${schedule.id}`} schedule={schedule} />
              ))}
            </tbody>
          </table>
        </section>
      )}
      {schedules.data?.more && <p className="body muted small">There are more than are shown.</p>}
      <NewScheduleDialog open={making} onOpenChange={setMaking} />
    </section>
  );
}

function ScheduleRow({ schedule }: { readonly schedule: ScheduleSummary }) {
  const { id, owner, name, paused, nextTimes, last, counts } = schedule;
  const [next, ...later] = nextTimes;
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const reread = () => client.invalidateQueries({ queryKey: schedulesQuery.queryKey });
  const set = useMutation({
    mutationFn: () =>
      paused ? tasks.$schedules.resume(id, { owner }) : tasks.$schedules.pause(id, { owner }),
    onSuccess: reread,
    onError: toastError,
  });
  const run = useMutation({
    mutationFn: () => tasks.$schedules.run(id, { owner }),
    onSuccess: reread,
    onError: toastError,
  });
  const remove = async () => {
    try {
      await tasks.$schedules.delete(id, { owner });
      toast(`The schedule ${id} is deleted.`);
      await reread();
    } catch (error) {
      toastError(error);
    }
  };
  return (
    <tr>
      <td>
        <strong className="schedule-id truncate">{id}</strong>
        <div className="mono muted small">{name}</div>
      </td>
      <td>
        <span className="mono nowrap">{schedule.cron ?? `every ${schedule.every}`}</span>
        {schedule.cron !== undefined && <div className="muted small">{schedule.timeZone ?? 'UTC'}</div>}
      </td>
      <td>
        {paused ? (
          <span className="status" data-status="PAUSED">
            <CirclePause aria-hidden /> Paused
          </span>
        ) : next === undefined ? (
          <span className="muted">never</span>
        ) : (
          <>
            <Instant at={next} />
            {later.length > 0 && (
              <details className="muted small">
                <summary aria-label={`then: later times of ${id}`}>then</summary>
                <ul className="bare">
                  {later.map(time => (
                    <li key={time} className="nowrap">
                      <Instant at={time} />
                    </li>
                  ))}
                </ul>
              </details>
            )}
          </>
        )}
      </td>
      <td>
        {last ? (
          <>
            {last.taskId === undefined ? (
              last.outcome
            ) : (
              <Link href={`/tasks/${last.taskId}`}>{last.outcome}</Link>
            )}{' '}
            <span className="muted small">
              <Instant at={last.at} />
            </span>
            {last.end && <div className="muted small">{last.end.status.toLowerCase()}</div>}
            {last.error && <div className="fault">{last.error.message}</div>}
          </>
        ) : (
          <span className="muted">–</span>
        )}
      </td>
      <td className="number">
        {counts.started}
        {counts.skipped + counts.missed + counts.failed > 0 && (
          <div className="muted small nowrap">
            {[
              counts.skipped > 0 ? `${counts.skipped} skipped` : '',
              counts.missed > 0 ? `${counts.missed} missed` : '',
              counts.failed > 0 ? `${counts.failed} failed` : '',
            ]
              .filter(Boolean)
              .join(', ')}
          </div>
        )}
      </td>
      <td className="number nowrap">
        <Button
          tiny
          disabled={set.isPending}
          aria-label={`${paused ? 'Resume' : 'Pause'} ${id}`}
          onClick={() => set.mutate()}
        >
          {paused ? <CirclePlay aria-hidden /> : <CirclePause aria-hidden />}
          {paused ? 'Resume' : 'Pause'}
        </Button>{' '}
        <IconButton label={`Run ${id} now`} tiny disabled={run.isPending} onClick={() => run.mutate()}>
          <Zap aria-hidden />
        </IconButton>
        <IconButton label={`Delete ${id}`} tiny onClick={() => setAsking(true)}>
          <Trash2 aria-hidden />
        </IconButton>
        <Confirm
          open={asking}
          onOpenChange={setAsking}
          title={`Delete the schedule ${id}?`}
          description="It fires no more. Tasks that it has started keep running."
          verb="Delete schedule"
          danger
          onConfirm={remove}
        />
      </td>
    </tr>
  );
}

/** Nothing tells that a schedule has fired, but it says itself when it will. */
function useReadWhenDue(schedules: readonly ScheduleSummary[] | undefined): void {
  const client = useQueryClient();
  useEffect(() => {
    const dueMs = Math.min(
      ...(schedules ?? []).flatMap(({ next, paused }) =>
        next === undefined || paused ? [] : [Date.parse(next)],
      ),
    );
    if (!Number.isFinite(dueMs)) return;
    const waitMs = Math.min(longestTimerMs, Math.max(leastTimerMs, dueMs + firedMs - Date.now()));
    const timer = setTimeout(
      () => void client.invalidateQueries({ queryKey: schedulesQuery.queryKey }),
      waitMs,
    );
    return () => clearTimeout(timer);
  }, [schedules, client]);
}
