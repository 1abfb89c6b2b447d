import { isDeepStrictEqual } from 'node:util';
import { isTerminalEvent } from '@longhaul/proto/wire';
import type { DatedEvent } from '../eventArchive.ts';
import type { Evidence } from '../evidence.ts';
import { isDestroyed } from '../losses.ts';
import type { WatchLog } from '../watching.ts';
import type { Check, Violation } from './violation.ts';

/** Every watcher was given every stored event behind its first, once, in order, and then the end. */
export const watchIsComplete: Check = evidence => {
  const { stories, watchesOfAll } = evidence;
  return [
    ...stories.flatMap(({ watch }) => (watch ? checkOne(evidence, watch) : [])),
    ...watchesOfAll.flatMap(watch => checkAll(evidence, watch)),
  ];
};

function checkOne(evidence: Evidence, watch: WatchLog): Violation[] {
  const all = evidence.eventsOf.get(watch.taskId ?? '') ?? [];
  // A watcher that was given an end has left. Where the end went with the event stream, the task may have run again.
  const given = all.findIndex(({ seq, event }) => isTerminalEvent(event) && watch.ids.includes(String(seq)));
  const events = given === -1 ? all : all.slice(0, given + 1);
  const what = differences(evidence, watch, events);
  if (watch.end !== 'ended') what.push(`its stream ${describeEnd(watch)}`);
  const endings = events.filter(({ event }) => isTerminalEvent(event));
  const isLost = endings.some(event => isDestroyed(evidence, event));
  if (!isLost && watch.lastType !== endings[0]?.event.type)
    what.push(`its last event was ${watch.lastType}, not its end`);
  return what.map(text => ({ invariant: 'watch-is-complete', taskId: watch.taskId, what: text }));
}

function checkAll(evidence: Evidence, watch: WatchLog): Violation[] {
  const what = differences(
    evidence,
    watch,
    evidence.events.filter(({ event }) => event.owner === watch.owner),
  );
  // It was ended by us, once everything had settled.
  if (watch.end !== 'ended') what.push(`its stream ${describeEnd(watch)}`);
  return what.map(text => ({
    invariant: 'watch-is-complete',
    what: `the watcher of everything of ${watch.owner}: ${text}`,
  }));
}

/** What was deleted with its stream cannot be read again, and may be missed; nothing comes twice or out of order. */
function differences(evidence: Evidence, watch: WatchLog, events: readonly DatedEvent[]): string[] {
  const { ids, from, snapshotsAgain } = watch;
  const isBehind = ({ seq }: DatedEvent) => seq > Number(from ?? 0);
  const behind = events.filter(isBehind);
  const seen = new Set(ids);
  const expected = behind
    .filter(event => seen.has(String(event.seq)) || !isDestroyed(evidence, event))
    .map(({ seq }) => String(seq));
  const again = snapshotsAgain > 0 && !events.some(event => isDestroyed(evidence, event));
  if (!again && isDeepStrictEqual(ids, expected)) return [];
  const stored = new Set(expected);
  const missed = expected.filter(id => !seen.has(id));
  const foreign = ids.filter(id => !stored.has(id));
  const twice = ids.filter((id, index) => ids.indexOf(id) !== index);
  return [
    `began behind ${from}, was given ${ids.length} of ${expected.length} events; missed: ${few(missed)}; foreign: ${few(foreign)}; twice: ${few(twice)}; ${snapshotsAgain} snapshots more`,
  ];
}

const few = (ids: readonly string[]) =>
  ids.length > 12 ? `${ids.slice(0, 12).join(' ')} … (${ids.length})` : ids.join(' ') || 'none';

function describeEnd({ end }: WatchLog): string {
  return typeof end === 'object' ? `failed: ${end.error}` : 'did not end';
}
