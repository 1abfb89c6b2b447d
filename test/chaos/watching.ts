import type { Tasks } from '@longhaul/client';
import type { ChaosContract } from './processes/contract.ts';

/** What a watcher was given, in order. */
export type WatchLog = {
  /** Of one task; `undefined`: of everything that its owner may see. */
  readonly taskId: string | undefined;
  readonly owner: string;
  /** The id that it began behind. */
  from: string | undefined;
  readonly ids: string[];
  /** How often it was begun again with a snapshot: only where what it had seen was deleted. */
  snapshotsAgain: number;
  /** The type of the last event. */
  lastType: string | undefined;
  /** `open` until the stream has ended. */
  end: 'open' | 'ended' | { readonly error: unknown };
};

type Watched = { readonly type: string; readonly eventId: string };

/** Follows one task's events to their end, through whatever happens. */
export function watchOne(
  events: AsyncIterable<Watched>,
  taskId: string,
  owner: string,
): { log: WatchLog; done: Promise<void> } {
  return follow(
    events,
    { taskId, owner, from: undefined, ids: [], snapshotsAgain: 0, lastType: undefined, end: 'open' },
    'snapshot',
  );
}

/** Follows everything of an owner until the signal is aborted. */
export function watchAll(
  tasks: Tasks<ChaosContract>,
  owner: string,
  signal: AbortSignal,
): { log: WatchLog; done: Promise<void> } {
  const log: WatchLog = {
    taskId: undefined,
    owner,
    from: undefined,
    ids: [],
    snapshotsAgain: 0,
    lastType: undefined,
    end: 'open',
  };
  return follow(tasks.$tasks.watch({ signal }), log, 'open');
}

function follow(
  events: AsyncIterable<Watched>,
  log: WatchLog,
  opening: string,
): { log: WatchLog; done: Promise<void> } {
  const read = async () => {
    for await (const { type, eventId } of events) {
      log.lastType = type;
      if (type === opening && log.from === undefined) log.from = eventId;
      else if (type === 'snapshot') log.snapshotsAgain += 1;
      // The opening of a stream that was opened again says where it continues, which is no event.
      else if (type !== 'open') log.ids.push(eventId);
    }
    log.end = 'ended';
  };
  const done = read().catch((error: unknown) => {
    log.end = { error };
  });
  return { log, done };
}
