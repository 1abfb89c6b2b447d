import type { AnyTaskRecord } from '@longhaul/proto/wire';
import { Link } from 'wouter';
import { Elapsed, Instant } from '../../components/time.tsx';
import type { TaskNow } from './taskState.ts';

/** Whose a task is, when it was what, who works on it, and which tasks it belongs with. */
export function FactsCard({ record, now }: { readonly record: AnyTaskRecord; readonly now: TaskNow }) {
  const executor = record.attempts.at(-1)?.executor;
  return (
    <section className="card" aria-label="Facts">
      <dl className="facts body">
        <dt>Owner</dt>
        <dd>
          <Link href={`/tasks?owner=${encodeURIComponent(record.owner)}`}>{record.owner}</Link>
        </dd>
        <dt>Priority</dt>
        <dd>{record.priority}</dd>
        <dt>Accepted</dt>
        <dd>
          <Instant at={record.createdAt} />
        </dd>
        {record.startedAt !== undefined && (
          <>
            <dt>Waited</dt>
            <dd>
              <Elapsed from={record.scheduledFor ?? record.createdAt} to={record.startedAt} />
            </dd>
            <dt>Took</dt>
            <dd>
              <Elapsed from={record.startedAt} to={now.finishedAt} />
            </dd>
            <dt>Attempt</dt>
            <dd>
              {record.attempt}
              {record.failures > 0 && ` · ${record.failures} failed`}
              {record.losses > 0 && ` · ${record.losses} lost`}
            </dd>
          </>
        )}
        {executor !== undefined && (
          <>
            <dt>Executor</dt>
            <dd className="mono">{executor}</dd>
          </>
        )}
        {record.idempotencyKey !== undefined && (
          <>
            <dt>Key</dt>
            <dd className="mono">{record.idempotencyKey}</dd>
          </>
        )}
        {record.retryOf !== undefined && (
          <>
            <dt>Retry of</dt>
            <dd>
              <Link href={`/tasks/${record.retryOf}`} className="mono">
                {record.retryOf.slice(-12)}
              </Link>
            </dd>
          </>
        )}
        {record.parent !== undefined && (
          <>
            <dt>Started by</dt>
            <dd>
              <Link href={`/tasks/${record.parent.id}`}>{record.parent.name}</Link>
            </dd>
          </>
        )}
        {(record.children ?? []).length > 0 && (
          <>
            <dt>Children</dt>
            <dd>
              <ul className="chips">
                {record.children?.map(child => (
                  <li key={child.id}>
                    <Link href={`/tasks/${child.id}`}>
                      {child.name} <span className="mono">{child.id.slice(-6)}</span>
                    </Link>
                  </li>
                ))}
              </ul>
            </dd>
          </>
        )}
        {record.scheduleId !== undefined && (
          <>
            <dt>Schedule</dt>
            <dd className="mono">{record.scheduleId}</dd>
          </>
        )}
      </dl>
    </section>
  );
}
