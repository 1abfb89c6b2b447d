import { pino } from 'pino';
import { expect, test, vi } from 'vitest';
import { lazyLogger } from './observeRequests.ts';

function create() {
  const lines: { level: number; msg: string; requestId?: string }[] = [];
  const parent = pino({ level: 'info' }, { write: line => void lines.push(JSON.parse(line)) });
  const makeChild = vi.fn(() => parent.child({ requestId: 'one' }));
  return { lines, makeChild, logger: lazyLogger(parent, makeChild) };
}

test('nothing is made for a request that logs nothing', () => {
  const { makeChild, logger } = create();
  expect(logger.level).toBe('info');
  expect(makeChild).not.toHaveBeenCalled();
});

test('every line is written by one child, at its level', () => {
  const { lines, makeChild, logger } = create();
  logger.info('a');
  logger.error({ err: new Error('no') }, 'b');
  logger.debug('below the level');
  logger.child({ part: 'x' }).warn('c');
  expect(lines).toMatchObject([
    { level: 30, msg: 'a', requestId: 'one' },
    { level: 50, msg: 'b', requestId: 'one', err: { message: 'no' } },
    { level: 40, msg: 'c', requestId: 'one', part: 'x' },
  ]);
  expect(makeChild).toHaveBeenCalledTimes(1);
});
