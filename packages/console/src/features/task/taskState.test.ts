import { expect, test } from 'vitest';
import { droppedText } from './logCard.tsx';
import { noStory, type TaskEvent, taskNow, tell } from './taskState.ts';

const at = '2026-01-01T00:00:00.000Z';
const events: TaskEvent[] = [
  { type: 'started', at, attempt: 1, executor: 'a', eventId: '1' },
  { type: 'unfit', at, attempt: 1, ordinal: 1, unfit: ['progress'], eventId: '2' },
  { type: 'completed', at, attempt: 1, unfit: ['output'], eventId: '3' },
];

test('a story with events of another contract goes to its end and names what does not fit', () => {
  const story = tell(noStory, events);
  expect(story.unfit).toEqual(['progress', 'output']);
  expect(story.milestones.map(({ type }) => type)).toEqual(['started', 'completed']);
  expect(story.progress).toBeUndefined();
});

test('what was recorded is shown where an event has left it out', () => {
  const record = {
    id: '01890000-0000-7000-8000-000000000000',
    name: 'a.b',
    owner: 'o',
    status: 'COMPLETED',
    priority: 'normal',
    createdAt: at,
    attempt: 1,
    attempts: [],
    failures: 0,
    losses: 0,
    output: { old: true },
    seq: 3,
  } as const;
  expect(taskNow({ ...record, attempts: [] }, tell(noStory, events))).toMatchObject({
    status: 'COMPLETED',
    output: { old: true },
  });
});

test('lines that were dropped before the page came to them are counted, wherever they are missing', () => {
  const line = (ordinal: number): TaskEvent => ({
    type: 'log',
    at,
    attempt: 1,
    ordinal,
    level: 'info',
    message: `line ${ordinal}`,
    eventId: String(ordinal),
  });
  const dropped: TaskEvent = { type: 'dropped', log: 2_001, progress: 0, eventId: '1' };
  const story = tell(noStory, [dropped, line(2_002), line(2_003)]);
  expect(story).toMatchObject({ logDropped: 2_001, logHidden: 0 });
  expect(droppedText(story.logDropped)).toBe('2,001 earlier lines were dropped.');
  expect(tell(story, [line(2_004), line(2_010)]).logDropped).toBe(2_006);
  expect(droppedText(1)).toBe('1 earlier line was dropped.');
});
