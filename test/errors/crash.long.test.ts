import { fork } from 'node:child_process';
import { once } from 'node:events';
import { recordThat, startStack, within } from '@longhaul/testing';
import { expect, inject, it } from 'vitest';
import { crashContract, waysToEnd } from './crashContract.ts';

/** Three starts of a process, and two waits until the server gives the request to the next. */
const limitMs = 100_000;

/** Starts an executor's process again whenever it has ended, until it is told to stop. */
function keepAlive(natsUrl: string, namespace: string) {
  const began: number[] = [];
  const lines: string[] = [];
  let stopped = false;
  let child: ReturnType<typeof fork> | undefined;
  const living = (async () => {
    while (!stopped) {
      child = fork(new URL('./crashingExecutor.ts', import.meta.url), [], {
        env: { ...process.env, NATS_URL: natsUrl, LONGHAUL_NAMESPACE: namespace },
        stdio: ['ignore', 'pipe', 'ignore', 'ipc'],
      });
      child.on('message', (message: { began?: number }) => {
        if (message.began !== undefined) began.push(message.began);
      });
      child.stdout?.setEncoding('utf8').on('data', (text: string) => lines.push(...text.split('\n')));
      await once(child, 'close');
    }
  })();
  return {
    began,
    logged: () =>
      lines.filter(line => line.startsWith('{')).map(line => JSON.parse(line) as Record<string, unknown>),
    [Symbol.asyncDispose]: async () => {
      stopped = true;
      child?.kill('SIGKILL');
      await living;
    },
  };
}

it.each(waysToEnd)(
  'a handler that ends its process within milliseconds (by %s) shows attempt 1, 2, 3, and the log names it',
  async how => {
    await using stack = await startStack({
      natsUrl: inject('natsUrl'),
      contract: crashContract,
      handlers: { die: () => ({ attempt: 0 }), standBy: () => ({}) },
      executors: 0,
    });
    await using executor = keepAlive(inject('natsUrl'), stack.namespace);
    const bystander = how === 'later' ? await stack.tasks.standBy.start({}) : undefined;
    const task = await stack.tasks.die.start({ how });
    expect(await within('the end', task.result(), limitMs)).toEqual({ attempt: 3 });

    expect(executor.began).toEqual([1, 2, 3]);
    const record = await recordThat(
      stack.broker,
      'COMPLETED',
      ({ id, status }) => id === task.id && status === 'COMPLETED',
    );
    expect(record).toMatchObject({ attempt: 3, losses: 2, failures: 0 });
    expect(record.attempts.map(({ number }) => number)).toEqual([1, 2, 3]);
    const fatal = executor.logged().filter(({ level }) => level === 60);
    expect(fatal).toHaveLength(2);
    for (const [index, line] of fatal.entries()) {
      expect(line).toMatchObject({ likelyTask: { taskId: task.id, task: 'die', attempt: index + 1 } });
      expect(JSON.stringify(line.running)).toContain(task.id);
      expect(JSON.stringify(line)).toContain('crashingExecutor.ts');
    }
    // The other handler of the process is named as one that it takes along.
    if (bystander) expect(JSON.stringify(fatal[0]?.running)).toContain(bystander.id);
  },
  limitMs + 20_000,
);
