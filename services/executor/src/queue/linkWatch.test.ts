import { setImmediate as nextTurn } from 'node:timers/promises';
import { ackWaitMs } from '@longhaul/proto/wire';
import { expect, test } from 'vitest';
import { askEveryMs, LinkWatch } from './linkWatch.ts';

/** A link whose answers a test gives, and what the watch said. */
function create() {
  const questions: PromiseWithResolvers<void>[] = [];
  const said: string[] = [];
  const watch = new LinkWatch({
    ask: () => {
      const question = Promise.withResolvers<void>();
      questions.push(question);
      return question.promise;
    },
    onHeard: wasCutOff => said.push(wasCutOff ? 'heard after a cut-off' : 'heard'),
    onCutOff: () => said.push('cut off'),
  });
  return { watch, questions, said };
}
const turnsToCutOff = ackWaitMs / askEveryMs;

test('a link that answers before each turn is heard, and nothing is said', async () => {
  const { watch, questions, said } = create();
  for (let turn = 0; turn < 20; turn += 1) {
    watch.turn();
    questions.at(-1)?.resolve();
    await nextTurn();
    expect(watch.isHeard).toBe(true);
  }
  expect(questions).toHaveLength(20);
  expect(said).toEqual([]);
});

test('an answer that comes late is counted until it comes', async () => {
  const { watch, questions, said } = create();
  watch.turn();
  watch.turn();
  expect(watch.isHeard).toBe(false);
  questions[0]?.resolve();
  await nextTurn();
  expect(watch.isHeard).toBe(true);
  expect(said).toEqual(['heard']);
});

test.each(['says nothing', 'refuses'] as const)(
  'a link that %s is cut off after `ack_wait`, once',
  async how => {
    const { watch, questions, said } = create();
    watch.turn();
    for (let turn = 0; turn < 4 * turnsToCutOff; turn += 1) {
      if (how === 'refuses') {
        questions.at(-1)?.reject(new Error('the connection was lost'));
        await nextTurn();
      }
      watch.turn();
      expect(said).toEqual(turn + 1 < turnsToCutOff ? [] : ['cut off']);
      expect(watch.isCutOff).toBe(turn + 1 >= turnsToCutOff);
    }
    // Further questions were asked, since the first may be lost: the answer to any of them counts.
    expect(questions.length).toBeGreaterThan(turnsToCutOff / 2);
    questions.at(-1)?.resolve();
    await nextTurn();
    expect(watch.isHeard).toBe(true);
    expect(said).toEqual(['cut off', 'heard after a cut-off']);
  },
);
