import { createClient, gatewayErrorOf } from '@longhaul/client';
import { defineContract, defineTask } from '@longhaul/proto';
import { z } from 'zod';

export const contract = defineContract({
  reports: {
    // Four at once, whatever the number of executors; of one customer one at a time, in the order of the starts.
    build: defineTask({
      input: z.object({ customer: z.string() }),
      output: z.object({ pages: z.int() }),
      concurrency: [{ limit: 4 }, { key: ({ customer }) => customer, limit: 1 }],
    }),
    // The mail service takes 50 a minute.
    mail: defineTask({
      input: z.object({ to: z.email() }),
      output: z.object({ accepted: z.boolean() }),
      rate: { limit: 50, intervalMs: 60_000 },
    }),
  },
  printer: {
    // One job a printer, and no task waits: a start that finds it busy is refused.
    print: defineTask({
      input: z.object({ printer: z.string(), file: z.string() }),
      output: z.object({ sheets: z.int() }),
      concurrency: { key: ({ printer }) => printer, limit: 1, whenBusy: 'reject' },
    }),
  },
});

/** Prints, or says which task has the printer. */
export async function printOrTell(url: string, file: string): Promise<string> {
  const tasks = createClient<typeof contract>({ url });
  try {
    const task = await tasks.printer.print.start({ printer: 'hall', file });
    return `Task ${task.id} prints ${(await task.result()).sheets} sheets.`;
  } catch (error) {
    const refusal = gatewayErrorOf(error);
    if (refusal?.reason !== 'TASK_BUSY') throw error;
    return `Task ${refusal.taskId} has the printer.`;
  }
}
