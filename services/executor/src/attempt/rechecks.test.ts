import { expect, test } from 'vitest';
import { Rechecks } from './rechecks.ts';

/** Lets everything run that waits for nothing but its turn. */
const settled = () => new Promise(resolve => setImmediate(resolve));

/** An attempt whose read is answered when the test says so. */
function slowAttempt() {
  const reads: PromiseWithResolvers<void>[] = [];
  return {
    reads,
    recheck: () => {
      const read = Promise.withResolvers<void>();
      reads.push(read);
      return read.promise;
    },
  };
}

test('however many attempts are to be checked, 16 read at a time, and each is read', async () => {
  const rechecks = new Rechecks();
  const attempts = Array.from({ length: 1_000 }, slowAttempt);
  for (const attempt of attempts) rechecks.soon(attempt);
  const underWay = () => attempts.flatMap(({ reads }) => reads);
  expect(underWay()).toHaveLength(16);
  for (let answered = 0; answered < 1_000; answered += 1) {
    // Every third is not answered well: the others go on.
    if (answered % 3 === 0) underWay()[answered]?.reject(new Error('no answer'));
    else underWay()[answered]?.resolve();
    await settled();
    expect(underWay()).toHaveLength(Math.min(1_000, 17 + answered));
  }
  expect(attempts.every(({ reads }) => reads.length === 1)).toBe(true);
});

test('one that waits is not added again; one that reads already is read once more', async () => {
  const rechecks = new Rechecks();
  const busy = Array.from({ length: 16 }, slowAttempt);
  const waiting = slowAttempt();
  for (const attempt of [...busy, waiting, waiting, waiting]) rechecks.soon(attempt);
  // What was delivered again while its log is being read may not be in that read.
  for (const attempt of busy) rechecks.soon(attempt);
  for (let round = 0; round < 3; round += 1) {
    for (const { reads } of [...busy, waiting]) for (const read of reads) read.resolve();
    await settled();
  }
  expect(waiting.reads).toHaveLength(1);
  expect(busy.map(({ reads }) => reads.length)).toEqual(busy.map(() => 2));
});
