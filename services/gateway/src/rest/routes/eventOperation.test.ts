import { text } from 'node:stream/consumers';
import { GatewayError, type TaskEvent } from '@longhaul/proto/wire';
import { taskEvent } from '@longhaul/testkit';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { OwnerStreams } from '../../protection/ownerStreams.ts';
import type { TaskService } from '../../tasks/taskService.ts';
import type { Watched } from '../../tasks/watch/watchTask.ts';
import { eventOperation } from './eventOperation.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A watch of a task by a caller whose credentials expire in an hour. */
function watchWith(openWatch: TaskService['openWatch'], streams = new OwnerStreams(10)) {
  const operation = eventOperation({ openWatch } as TaskService, new Map(), {
    logger: pino({ level: 'silent' }),
    stop: new AbortController().signal,
    streamMaxMs: 900_000,
    link: { isCutOff: false, listen: () => () => {} },
    streams,
  });
  const call = {
    caller: { owner: 'ada', role: 'user', expiresAtMs: Date.now() + 3_600_000 },
    params: { id: 'one' },
    headers: {},
    left: () => new AbortController().signal,
    cut: () => {},
  };
  return async () => operation.handle(call as never);
}

async function* itemsOf(event: TaskEvent): AsyncGenerator<Watched, void, void> {
  yield { id: '7', kind: 'event', stored: { seq: 7, id: 'one', name: 'demo', event } };
}

describe('a watch', () => {
  const full = new OwnerStreams(0);
  it.each<[string, TaskService['openWatch'], OwnerStreams?]>([
    [
      'of a task that does not exist',
      () => Promise.reject(new GatewayError('TASK_NOT_FOUND', 'No such task.')),
    ],
    ['of a task whose end was seen', async () => undefined],
    ['by an owner who has too many', async () => itemsOf(taskEvent({ type: 'stopping' })), full],
  ])('%s leaves nothing that waits for the end of its credentials', async (_name, openWatch, streams) => {
    await watchWith(openWatch, streams)().catch(error => expect(error).toBeInstanceOf(GatewayError));
    expect(vi.getTimerCount()).toBe(0);
  });

  it('that has ended leaves none either', async () => {
    const { stream } = await watchWith(async () => itemsOf(taskEvent({ type: 'stopping' })))();
    expect(vi.getTimerCount()).toBe(1);
    if (!stream) throw new Error('There is no stream.');
    expect(await text(stream)).toContain('event: stopping\n');
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('an event that several watchers receive', () => {
  /** An event that tells how often it was made to JSON. */
  function counted() {
    const made = { times: 0 };
    const toJSON = () => {
      made.times += 1;
      return { percent: 50 };
    };
    return { made, event: taskEvent({ type: 'progress', attempt: 1, progress: { toJSON } }) };
  }
  const received = async (event: TaskEvent, watch = watchWith(async () => itemsOf(event))) => {
    const answers = await Promise.all([watch(), watch(), watch()]);
    return Promise.all(answers.map(({ stream }) => text(stream as NonNullable<typeof stream>)));
  };

  it('is made to text once', async () => {
    const { made, event } = counted();
    for (const sent of await received(event))
      expect(sent).toMatch(/\n\nid: 7\nevent: progress\ndata: \{.*"progress":\{"percent":50\}\}\n\n$/);
    expect(made.times).toBe(1);
  });

  it('is made again where a watcher sees another object, as one without stacks', async () => {
    const { made, event } = counted();
    const sent = await received(
      event,
      watchWith(async () => itemsOf({ ...event, owner: 'bob' })),
    );
    expect(sent).toHaveLength(3);
    expect(made.times).toBe(3);
  });
});
