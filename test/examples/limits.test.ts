import { eventThat, startStack } from '@longhaul/testing';
import { describe, expect, inject, it } from 'vitest';
import { contract, printOrTell } from '../../examples/limits.ts';
import { expectShown } from './expectShown.ts';

describe('the example of limits', () => {
  it('refuses a start while the printer is busy, and names the task that has it', async () => {
    const paper = Promise.withResolvers<void>();
    await using stack = await startStack({
      natsUrl: inject('natsUrl'),
      contract,
      handlers: {
        reports: { build: () => ({ pages: 1 }), mail: () => ({ accepted: true }) },
        printer: {
          print: async () => {
            await paper.promise;
            return { sheets: 3 };
          },
        },
      },
    });
    const url = stack.gateways[0]?.url ?? '';
    const first = printOrTell(url, 'a.pdf');
    const { id } = await eventThat(stack.broker, 'it prints', ({ event }) => event.type === 'started');
    expect(await printOrTell(url, 'b.pdf')).toBe(`Task ${id} has the printer.`);
    paper.resolve();
    expect(await first).toBe(`Task ${id} prints 3 sheets.`);
    expect(await stack.tasks.reports.build.run({ customer: 'ann' })).toMatchObject({ output: { pages: 1 } });
    expect(await stack.tasks.reports.mail.run({ to: 'ann@example.com' })).toMatchObject({
      status: 'COMPLETED',
    });
  });

  it('is shown as it is', () => expectShown('docs/guides/limits.md', 'limits'));
});
