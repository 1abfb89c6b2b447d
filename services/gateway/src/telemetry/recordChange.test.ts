import {
  fold,
  recordOfRequest,
  type TaskEvent,
  type TaskRecord,
  type TaskRequest,
} from '@longhaul/proto/wire';
import { taskEvent } from '@longhaul/testkit';
import { describe, expect, test } from 'vitest';
import { changeOf } from './recordChange.ts';

const id = '01a1fd3d-ae4c-71ad-835b-2b2aac2cc064';
const request: TaskRequest = {
  v: 1,
  owner: 'ann',
  createdAt: '2026-11-21T10:00:00.000Z',
  priority: 'normal',
  input: {},
};
const at = (seconds: number) => new Date(Date.parse(request.createdAt) + seconds * 1_000).toISOString();
const mine = { owner: 'ann', executor: 'x' } as const;
const error = { code: 'HANDLER_ERROR', message: 'broken' };

function folded(before: TaskRecord, ...events: TaskEvent[]): TaskRecord {
  return events.reduce<TaskRecord>((record, event) => {
    const stored = { seq: record.seq + 1, id, name: 'audio.transcribe', event };
    return fold(record, stored) ?? record;
  }, before);
}

const pending = recordOfRequest(id, 'audio.transcribe', request);
const started = (attempt: number, seconds: number): TaskEvent =>
  taskEvent({ ...mine, type: 'started', attempt, at: at(seconds) });

describe('what one put changed of a task', () => {
  test('its first attempt, once', () => {
    const running = folded(pending, started(1, 2));
    expect(changeOf(undefined, running)).toEqual({ waitedSeconds: 2, begun: 1, failed: 0, lost: 0 });
    expect(changeOf(pending, running)).toEqual(changeOf(undefined, running));
    expect(changeOf(running, running)).toEqual({ begun: 0, failed: 0, lost: 0 });
  });

  test('a delayed task has waited since it was due', () => {
    const scheduled = recordOfRequest(id, 'audio.transcribe', { ...request, scheduledFor: at(60) });
    expect(changeOf(undefined, folded(scheduled, started(1, 63))).waitedSeconds).toBe(3);
  });

  test('a short task whose only event is its end has begun, too', () => {
    const end = { ...mine, type: 'completed', attempt: 1, startedAt: at(1), at: at(4), output: {} } as const;
    const ended = folded(pending, taskEvent(end));
    expect(changeOf(undefined, ended)).toEqual({
      waitedSeconds: 1,
      begun: 1,
      failed: 0,
      lost: 0,
      end: { status: 'COMPLETED', totalSeconds: 4, runSeconds: 3 },
    });
  });

  test('several events of one fold: a lost attempt, a failed one, and the end', () => {
    const running = folded(pending, started(1, 1));
    const end = taskEvent({ ...mine, type: 'failed', attempt: 2, at: at(9), error });
    const failed = folded(running, started(2, 5), end);
    expect(changeOf(running, failed)).toEqual({
      begun: 1,
      failed: 1,
      lost: 1,
      end: { status: 'FAILED', totalSeconds: 9, runSeconds: 8 },
    });
  });

  test('canceled before it began: it has not run, and clocks that differ give no negative time', () => {
    const canceled = folded(pending, taskEvent({ owner: 'ann', type: 'canceled', at: at(-1) }));
    expect(changeOf(pending, canceled)).toEqual({
      begun: 0,
      failed: 0,
      lost: 0,
      end: { status: 'CANCELED', totalSeconds: 0 },
    });
  });
});
