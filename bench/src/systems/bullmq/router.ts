import { on } from 'node:events';
import { initTRPC, TRPCError, tracked } from '@trpc/server';
import { Job, type Queue, type QueueEvents } from 'bullmq';
import { z } from 'zod';

const defaultWaitMs = 20_000;
const waitMs = z.int().min(0).max(50_000).default(defaultWaitMs);
const byId = z.object({ id: z.string() });

const inputs = {
  noop: z.object({ payload: z.string() }),
  chatter: z.object({ events: z.int().min(0), everyMs: z.int().min(0) }),
  survivor: z.object({}),
};
type TaskName = keyof typeof inputs;

/** What a good service over BullMQ offers: start, run, result and watch, by the same paths as a Longhaul gateway. */
export function createServiceRouter(queue: Queue, events: QueueEvents) {
  const t = initTRPC.create({ isDev: false });

  const outcome = async (job: Job, forMs: number) => {
    try {
      const output: unknown = await job.waitUntilFinished(events, forMs);
      return { id: job.id, done: true, status: 'COMPLETED', output };
    } catch (error) {
      if (await job.isFailed())
        return { id: job.id, done: true, status: 'FAILED', error: { message: String(error) } };
      return { id: job.id, done: false, status: 'RUNNING' };
    }
  };

  const procedures = (name: TaskName) => {
    const request = z.object({ input: inputs[name] });
    return {
      start: t.procedure.input(request).mutation(async ({ input: { input } }) => {
        const job = await queue.add(name, input);
        return {
          id: job.id,
          name,
          status: 'PENDING',
          createdAt: new Date(job.timestamp).toISOString(),
          input,
        };
      }),
      run: t.procedure
        .input(request.extend({ waitMs }))
        .mutation(async ({ input }) => outcome(await queue.add(name, input.input), input.waitMs)),
      result: t.procedure.input(byId.extend({ waitMs })).query(async ({ input }) => {
        const job = await Job.fromId(queue, input.id);
        if (!job) throw new TRPCError({ code: 'NOT_FOUND', message: `There is no task ${input.id}.` });
        return outcome(job, input.waitMs);
      }),
    };
  };

  return t.router({
    bench: { noop: procedures('noop'), chatter: procedures('chatter'), survivor: procedures('survivor') },
    tasks: {
      /** Every task's progress, in one stream. */
      watch: t.procedure.input(z.object({})).subscription(async function* ({ signal }) {
        const progress = on(events, 'progress', signal ? { signal } : {});
        yield tracked('0', { type: 'open' });
        for await (const [{ jobId, data }, eventId] of progress)
          yield tracked(String(eventId), {
            type: 'event',
            id: jobId,
            event: { type: 'progress', progress: data },
          });
      }),
      /** Tasks that have not ended, newest first. */
      list: t.procedure
        .input(z.object({ status: z.array(z.string()), limit: z.int().min(1).max(200) }))
        .query(async ({ input }) => {
          const jobs = await queue.getJobs(
            ['waiting', 'active', 'prioritized', 'delayed'],
            0,
            input.limit - 1,
          );
          return { tasks: jobs.map(job => ({ id: job.id, name: job.name })) };
        }),
    },
  });
}

export type ServiceRouter = ReturnType<typeof createServiceRouter>;
