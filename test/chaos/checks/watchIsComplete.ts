import { isDeepStrictEqual } from 'node:util';
import { isTerminalEvent } from '@longhaul/proto/wire';
import type { Evidence } from '../evidence.ts';
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

function checkOne({ eventsOf }: Evidence, watch: WatchLog): Violation[] {
  const events = eventsOf.get(watch.taskId ?? '') ?? [];
  const what = differences(watch, idsBehind(events, watch.from));
  if (watch.end !== 'ended') what.push(`its stream ${describeEnd(watch)}`);
  const ending = events.find(({ event }) => isTerminalEvent(event));
  if (watch.lastType !== ending?.event.type) what.push(`its last event was ${watch.lastType}, not its end`);
  return what.map(text => ({ invariant: 'watch-is-complete', taskId: watch.taskId, what: text }));
}

function checkAll({ events }: Evidence, watch: WatchLog): Violation[] {
  const what = differences(
    watch,
    idsBehind(
      events.filter(({ event }) => event.owner === watch.owner),
      watch.from,
    ),
  );
  // It was ended by us, once everything had settled.
  if (watch.end !== 'ended') what.push(`its stream ${describeEnd(watch)}`);
  return what.map(text => ({
    invariant: 'watch-is-complete',
    what: `the watcher of everything of ${watch.owner}: ${text}`,
  }));
}

const idsBehind = (events: readonly { readonly seq: number }[], from: string | undefined) =>
  events.filter(({ seq }) => seq > Number(from ?? 0)).map(({ seq }) => String(seq));

function differences({ ids, from }: WatchLog, expected: readonly string[]): string[] {
  if (isDeepStrictEqual(ids, expected)) return [];
  const [seen, stored] = [new Set(ids), new Set(expected)];
  const missed = expected.filter(id => !seen.has(id));
  const foreign = ids.filter(id => !stored.has(id));
  const twice = ids.filter((id, index) => ids.indexOf(id) !== index);
  return [
    `began behind ${from}, was given ${ids.length} of ${expected.length} events; missed: ${few(missed)}; foreign: ${few(foreign)}; twice: ${few(twice)}`,
  ];
}

const few = (ids: readonly string[]) =>
  ids.length > 12 ? `${ids.slice(0, 12).join(' ')} … (${ids.length})` : ids.join(' ') || 'none';

function describeEnd({ end }: WatchLog): string {
  return typeof end === 'object' ? `failed: ${end.error}` : 'did not end';
}
