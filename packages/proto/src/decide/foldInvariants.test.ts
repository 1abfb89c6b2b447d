import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { eventSchema, type StoredEvent } from '../wire/event.ts';
import { recordSchema } from '../wire/record.ts';
import {
  canceled,
  completed,
  failed,
  foldAll,
  log,
  pending,
  progress,
  retrying,
  started,
  stopping,
} from './fixtures/events.ts';
import { fold } from './fold.ts';
import { isTerminal } from './status.ts';

// Any events at all, also such as no log can hold: the fold has to stand whatever it reads.
const step = fc.record({
  make: fc.constantFrom<(seq: number, attempt: number) => StoredEvent>(
    started,
    (seq, attempt) => started(seq, attempt, 'b'),
    progress,
    progress,
    log,
    retrying,
    seq => stopping(seq),
    completed,
    failed,
    seq => canceled(seq),
  ),
  attempt: fc.integer({ min: 1, max: 3 }),
  gap: fc.integer({ min: 1, max: 3 }),
});
const history = fc.array(step, { maxLength: 12 }).map(steps => {
  let seq = 0;
  return steps.map(({ make, attempt, gap }) => {
    seq += gap;
    return make(seq, attempt);
  });
});
const part = fc.nat({ max: 12 });

describe('invariant 3, record-is-fold', () => {
  test('events may be folded again, from wherever', () => {
    fc.assert(
      fc.property(history, part, part, (events, a, b) => {
        const again = [...events.slice(0, Math.max(a, b)), ...events.slice(Math.min(a, b))];
        expect(foldAll(again)).toEqual(foldAll(events));
      }),
    );
  });

  test('an event that is folded again changes not even the object', () => {
    fc.assert(
      fc.property(history, part, (events, at) => {
        const record = foldAll(events);
        const again = events[at];
        if (again) expect(fold(record, again)).toBe(record);
      }),
    );
  });

  test('a stored record and the rest of the events make the whole', () => {
    fc.assert(
      fc.property(history, part, (events, at) => {
        const half: unknown = JSON.parse(JSON.stringify(foldAll(events.slice(0, at))));
        expect(foldAll(events.slice(at), recordSchema.parse(half))).toEqual(foldAll(events));
      }),
    );
  });

  test('a record always fits its schema, and its events fit theirs', () => {
    fc.assert(
      fc.property(history, events => {
        for (const { event } of events) eventSchema.parse(JSON.parse(JSON.stringify(event)));
        const record = foldAll(events);
        expect(recordSchema.parse(JSON.parse(JSON.stringify(record)))).toEqual(record);
      }),
    );
  });

  test('a record shows what belongs to its status, and nothing else', () => {
    fc.assert(
      fc.property(history, events => {
        const record = foldAll(events) ?? pending;
        const { status } = record;
        expect('output' in record).toBe(status === 'COMPLETED');
        expect('error' in record).toBe(status === 'FAILED' || status === 'RETRYING');
        expect('nextAttemptAt' in record).toBe(status === 'RETRYING');
        expect('finishedAt' in record).toBe(isTerminal(status));
        if (isTerminal(status)) for (const attempt of record.attempts) expect(attempt.endedAt).toBeDefined();
      }),
    );
  });
});

test('invariant 2, ends-once: nothing changes after a terminal event', () => {
  fc.assert(
    fc.property(
      history,
      fc.constantFrom(completed, failed, (seq: number) => canceled(seq)),
      step,
      (events, end, more) => {
        const ended = foldAll([...events, end(100, 3)]);
        expect(ended && isTerminal(ended.status)).toBe(true);
        expect(fold(ended, more.make(100 + more.gap, more.attempt))).toBe(ended);
      },
    ),
  );
});

test('what an attempt reports that is no longer the current one changes nothing', () => {
  fc.assert(
    fc.property(history, fc.constantFrom(progress, log), (events, make) => {
      const record = foldAll(events);
      if (!record || record.attempt < 2) return;
      expect(fold(record, make(1_000, record.attempt - 1))).toBe(record);
    }),
  );
});
