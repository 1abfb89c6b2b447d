import { beforeAll, describe, expect, it } from 'vitest';
import { countMessages, type MessagesPerTask } from '../../bench/src/messages/countMessages.ts';

type Limit = Pick<MessagesPerTask, 'received' | 'sent' | 'stored'>;

/**
 * What a task may cost a nats-server: what it costs now, by `pnpm bench:messages`, and a little more. Where a change
 * makes a task cheaper, these come down with it: else one more message would not be noticed. Tasks of a batch are not here: how many of them get a `started` and a
 * PENDING record depends on how fast the machine is.
 */
const limits: Readonly<Record<string, Limit>> = {
  run: { received: 5, sent: 7, stored: 3 },
  'run, with one progress event': { received: 11, sent: 16, stored: 7 },
  'run, under a concurrency limit': { received: 7, sent: 9, stored: 5 },
  'run, with an idempotency key': { received: 13, sent: 15, stored: 3 },
  'start, then cancel while it waits': { received: 17, sent: 17, stored: 5 },
};

/** One message more for each task is more than this. */
const allowance = 0.4;
/** So many messages a second come and go in the background, such as looks at the topology every 15 s. */
const backgroundPerSecond = 10;

describe('messages per task', () => {
  let counted: readonly MessagesPerTask[];
  beforeAll(async () => {
    counted = await countMessages(40, 4);
  }, 240_000);

  it.each(Object.entries(limits))('%s', (name, limit) => {
    const found = counted.find(one => one.name === name);
    if (!found) throw new Error(`"${name}" was not counted.`);
    const { received, sent, stored, tookMs } = found;
    // On a machine that is busy otherwise, tasks take long, and the background counts for more.
    const more = allowance + (backgroundPerSecond * tookMs) / 1_000;
    for (const [what, value] of Object.entries({ received, sent, stored })) {
      const most = limit[what as keyof Limit];
      expect(value, `${what}: at most ${most}`).toBeLessThan(most + more);
    }
  });
});
