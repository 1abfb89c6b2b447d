import type { ExecutorInfo } from '@longhaul/proto/wire';
import { CircleCheck, CircleHelp, Server } from 'lucide-react';
import { Link } from 'wouter';
import { Empty } from '../../components/states.tsx';
import { Elapsed } from '../../components/time.tsx';
import { durationText } from '../../components/timeText.ts';

/** A clock that is off by less is not worth a word. It is `clockNoteMs` of the wire, whose values bring zod with them. */
const clockNoteMs = 500;

/** How far a machine's clock is from that of nats-server, where that is worth a word. */
export function clockText(aheadMs: number | undefined): string | undefined {
  if (aheadMs === undefined || Math.abs(aheadMs) < clockNoteMs) return undefined;
  return `${durationText(Math.abs(aheadMs))} ${aheadMs < 0 ? 'behind' : 'ahead of'} the NATS server`;
}

/** Beyond this an executor's tasks are counted, not named. */
const namedTasks = 6;

/** Who executes tasks, and what each is at. */
export function ExecutorsCard({ executors }: { readonly executors: readonly ExecutorInfo[] }) {
  return (
    <section className="card" aria-label="Executors">
      <header>
        <h2 className="grow">Executors</h2>
        <span className="muted small">{executors.length}</span>
      </header>
      {executors.length === 0 ? (
        <Empty icon={Server} title="No executor answers">
          What is started waits until there is one. Start an executor that serves the contract, or look at the
          logs of those that there were.
        </Empty>
      ) : (
        <ul className="executors">
          {executors.map(executor => (
            <Executor key={executor.id} executor={executor} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Executor({ executor }: { readonly executor: ExecutorInfo }) {
  const { id, host, version, startedAt, responding, slots, running, runningCount, tasks, clockAheadMs } =
    executor;
  return (
    <li>
      <div className="executor-head">
        <span className="executor-state" data-ok={responding}>
          {responding ? <CircleCheck aria-label="answers" /> : <CircleHelp aria-label="does not answer" />}
        </span>
        <strong className="mono truncate">{id}</strong>
        <span className="muted small nowrap">
          {[host, version === undefined ? undefined : `v${version}`].filter(Boolean).join(' · ')}
        </span>
        <span className="muted small nowrap">
          up <Elapsed from={startedAt} />
        </span>
      </div>
      <div className="slots">
        <span className="slot-cells" aria-hidden>
          {Array.from({ length: Math.min(slots, 32) }, (_, slot) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a slot is its place
            <i key={slot} data-busy={slot < runningCount} />
          ))}
        </span>
        <span className="small">
          {runningCount} of {slots} slots busy
        </span>
        {clockText(clockAheadMs) && <span className="small clock-off">Clock {clockText(clockAheadMs)}</span>}
        <span className="muted small">serves {tasks.length === 1 ? tasks[0] : `${tasks.length} types`}</span>
      </div>
      {running.length > 0 && (
        <ul className="chips">
          {running.slice(0, namedTasks).map(task => (
            <li key={task.id}>
              <Link href={`/tasks/${task.id}`}>
                {task.name} <span className="mono">{task.id.slice(-6)}</span>
                {task.attempt > 1 && ` · attempt ${task.attempt}`}
              </Link>
            </li>
          ))}
          {running.length > namedTasks && <li>and {running.length - namedTasks} more</li>}
        </ul>
      )}
    </li>
  );
}
