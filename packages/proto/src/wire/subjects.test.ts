import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { eventKinds } from './event.ts';
import { priorities } from './names.ts';
import { createSubjects } from './subjects.ts';

const subjects = createSubjects('tasks');
const id = fc.uuid({ version: [7, 8] });
const name = fc
  .array(fc.stringMatching(/^[A-Za-z][A-Za-z0-9_]{0,20}$/), { minLength: 1, maxLength: 6 })
  .map(parts => parts.join('.'));
const priority = fc.constantFrom(...priorities);
const kind = fc.constantFrom(...eventKinds);
const namespace = fc.stringMatching(/^[a-z][a-z0-9_-]{0,31}$/);

describe('round trips', () => {
  test('a request', () => {
    fc.assert(
      fc.property(namespace, priority, id, name, (ns, p, i, n) => {
        const own = createSubjects(ns);
        const address = { priority: p, id: i, name: n };
        expect(own.parseRequest(own.request(address))).toEqual(address);
      }),
    );
  });

  test('an event, stored and live', () => {
    fc.assert(
      fc.property(namespace, id, name, kind, (ns, i, n, k) => {
        const own = createSubjects(ns);
        const stored = own.event({ id: i, name: n }, k);
        const live = own.live({ id: i, name: n }, k);
        expect(live).toBe(own.liveOf(i).replace('>', `${k}.${n}`));
        expect(own.parseEvent(stored)).toEqual({ id: i, kind: k, name: n });
        expect(own.parseEvent(live)).toEqual({ id: i, kind: k, name: n });
      }),
    );
  });
});

describe('what is none of ours never parses', () => {
  test('whatever it is', () => {
    fc.assert(
      fc.property(fc.string(), junk => {
        expect(subjects.parseRequest(junk)).toBeUndefined();
        expect(subjects.parseEvent(junk)).toBeUndefined();
      }),
    );
  });

  test('tokens that only look like it', () => {
    const token = fc.oneof(fc.string({ maxLength: 8 }), fc.constantFrom('', '*', '>', 'high', 'audio', '..'));
    fc.assert(
      fc.property(
        fc.constantFrom('request', 'event', 'live'),
        fc.array(token, { maxLength: 5 }),
        (kind, rest) => {
          const subject = ['tasks', kind, ...rest].join('.');
          expect(subjects.parseRequest(subject)).toBeUndefined();
          expect(subjects.parseEvent(subject)).toBeUndefined();
        },
      ),
    );
  });

  const known = '01890000-0000-7000-8000-000000000000';
  test.each([
    `tasks.request.urgent.${known}.audio`,
    `tasks.request.high.${known}`,
    `tasks.request.high.${known}.`,
    `tasks.request.high.${known}.a..b`,
    `tasks.request.high.${known}.a-b`,
    `tasks.request.high.${known}.1st`,
    `tasks.request.high.${known}.${'x'.repeat(300)}`,
    `tasks.request.high.*.audio`,
    `other.request.high.${known}.audio`,
    `xtasks.request.high.${known}.audio`,
    `tasks.event.${known}.audio`,
  ])('%s is no request', subject => {
    expect(subjects.parseRequest(subject)).toBeUndefined();
  });

  test.each([
    `tasks.request.high.${known}.audio`,
    `tasks.event.${known}`,
    `tasks.event.${known}.life`,
    `tasks.event.${known}.audio.transcribe`,
    `tasks.event.nobody.life.audio`,
    `tasks.live.${known}.log.`,
    `tasks.cancel.${known}`,
    `other.event.${known}.life.audio`,
  ])('%s is no event', subject => {
    expect(subjects.parseEvent(subject)).toBeUndefined();
  });
});

describe('filters', () => {
  /** NATS's own rule: `*` is one token, `>` is one or more at the end. */
  function matches(filter: string, subject: string): boolean {
    const tokens = subject.split('.');
    const wanted = filter.split('.');
    return wanted.at(-1) === '>'
      ? tokens.length >= wanted.length && wanted.slice(0, -1).every((w, i) => w === '*' || w === tokens[i])
      : tokens.length === wanted.length && wanted.every((w, i) => w === '*' || w === tokens[i]);
  }

  test('the consumer of a name gets its requests and no others', () => {
    fc.assert(
      fc.property(priority, priority, id, name, name, (p, q, i, n, m) => {
        const subject = subjects.request({ priority: p, id: i, name: n });
        expect(matches(subjects.requestsFor(m, q), subject)).toBe(n === m && p === q);
        expect(matches(subjects.requestOf(i), subject)).toBe(true);
        expect(matches(subjects.allRequests, subject)).toBe(true);
        expect(matches(subjects.allEvents, subject)).toBe(false);
      }),
    );
  });

  test('a recurring schedule is never taken for the schedule of a task, nor a firing for anything else', () => {
    const owner = fc.oneof(fc.stringMatching(/^[a-z]{1,9}$/), fc.string({ minLength: 1, unit: 'grapheme' }));
    const scheduleId = fc.oneof(fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/), id);
    fc.assert(
      fc.property(owner, scheduleId, id, (o, s, i) => {
        const [recurring, fire] = [
          subjects.recurring({ owner: o, id: s }),
          subjects.fire({ owner: o, id: s }),
        ];
        expect(matches(subjects.allRecurring, recurring)).toBe(true);
        expect(matches(subjects.allSchedules, recurring)).toBe(true);
        expect(matches(subjects.scheduleOf(i), recurring)).toBe(false);
        expect(matches(subjects.allFires, fire)).toBe(true);
        for (const filter of [subjects.allRequests, subjects.allSchedules, subjects.allEvents])
          expect(matches(filter, fire)).toBe(false);
      }),
    );
  });

  test('the events of a task are all of its events and no other task has any of them', () => {
    fc.assert(
      fc.property(id, id, name, kind, (i, j, n, k) => {
        const subject = subjects.event({ id: i, name: n }, k);
        expect(matches(subjects.eventsOf(j), subject)).toBe(i === j);
        expect(matches(subjects.lifecycleOf(j), subject)).toBe(i === j && k === 'life');
        expect(matches(subjects.progressOf(j), subject)).toBe(i === j && k === 'progress');
        expect(matches(subjects.allEvents, subject)).toBe(true);
        expect(matches(subjects.scheduleOf(i), subjects.schedule({ id: i, name: n }))).toBe(true);
      }),
    );
  });
});
