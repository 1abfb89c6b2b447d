import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { throttleRepeats } from './throttleRepeats.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function throttled() {
  const lines: { readonly msg: string; readonly repeated?: number; readonly [field: string]: unknown }[] = [];
  const parent = pino({ level: 'info' }, { write: text => void lines.push(JSON.parse(text)) });
  const { logger, stop } = throttleRepeats(parent.child({ service: 'test' }), 1_000);
  return { lines, parent, logger, stop };
}
const shown = (lines: ReturnType<typeof throttled>['lines']) =>
  lines.map(({ msg, repeated }) => (repeated === undefined ? msg : `${msg} x${repeated}`));

test('a line that repeats itself five times a second with a stack is written once, then with its count', () => {
  const { lines, logger } = throttled();
  for (let n = 0; n < 12; n += 1) {
    logger.warn({ err: new Error('no answer') }, 'NATS does not answer');
    vi.advanceTimersByTime(200);
  }
  expect(shown(lines)).toEqual([
    'NATS does not answer',
    'NATS does not answer x4',
    'NATS does not answer x5',
  ]);
  expect(lines[1]).toMatchObject({ service: 'test', err: { message: 'no answer' } });
  vi.advanceTimersByTime(3_000);
  logger.warn({ err: new Error('no answer') }, 'NATS does not answer');
  expect(shown(lines).slice(3)).toEqual(['NATS does not answer x2', 'NATS does not answer']);
});

test('lines that say different things are all written, and so is what is no warning', () => {
  const { lines, logger, parent } = throttled();
  for (const taskId of ['a', 'b']) logger.warn({ taskId }, 'it failed');
  for (const why of ['one', 'two']) logger.error({ err: new Error(why) }, 'it failed');
  for (let n = 0; n < 2; n += 1) logger.info('as usual');
  for (let n = 0; n < 2; n += 1) parent.warn('of the parent');
  for (let n = 0; n < 2; n += 1) logger.error({ big: 1n as unknown }, 'odd');
  expect(lines).toHaveLength(10);
});

test('children count with their parent, and what has gathered is written at the end', () => {
  const { lines, logger, stop } = throttled();
  const child = logger.child({ part: 'http' });
  for (let n = 0; n < 3; n += 1) child.error(new Error('broken'));
  stop();
  child.error(new Error('broken'));
  expect(shown(lines)).toEqual(['broken', 'broken x2', 'broken']);
});
