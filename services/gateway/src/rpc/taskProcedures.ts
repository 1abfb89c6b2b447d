import type { TaskDefinition } from '@longhaul/proto';
import {
  errorCatalogue,
  GatewayError,
  idRequestSchema,
  isTerminal,
  resultRequestSchema,
  runRequestSchema,
  type StartResultOf,
  startManyRequestSchema,
  startRequestSchema,
  type TaskEventOf,
  watchRequestSchema,
} from '@longhaul/proto/wire';
import { faultOf } from '../errors.ts';
import { typedEvent, typedOutcome, typedRecord } from '../tasks/read/typedViews.ts';
import type { TaskService } from '../tasks/taskService.ts';
import { trackedStream } from './streams.ts';
import { procedure } from './trpc.ts';

const defaultRunWaitMs = 10_000;
const defaultResultWaitMs = 20_000;
/** A call that the client does not cancel is not cut short. */
const never = new AbortController().signal;

/** The procedures of one task definition: see `TaskProcedures`, which is what a client's types say of them. */
export function taskProcedures<T extends TaskDefinition>(name: string, definition: T, service: TaskService) {
  return {
    start: procedure
      .input(startRequestSchema)
      .mutation(async ({ ctx, input }) =>
        typedRecord(
          definition,
          await service.start(ctx.caller, { ...input, name, definition }),
          'inputWasChecked',
        ),
      ),
    startMany: procedure
      .input(startManyRequestSchema)
      .mutation(async ({ ctx, input }): Promise<StartResultOf<T>[]> => {
        const tasks = input.tasks.map(task => ({ ...task, name, definition }));
        const results = await service.startMany(ctx.caller, tasks);
        return Promise.all(
          results.map(async (result): Promise<StartResultOf<T>> => {
            if (!('record' in result)) return { ok: false, error: faultOf(result.error, ctx.logger) };
            return { ok: true, record: await typedRecord(definition, result.record, 'inputWasChecked') };
          }),
        );
      }),
    run: procedure.input(runRequestSchema).mutation(async ({ ctx, input: { waitMs, ...input }, signal }) => {
      const task = { ...input, name, definition };
      return typedOutcome(
        definition,
        // A gateway that stops says how far the task is: with its id, the caller can wait elsewhere.
        await service.run(ctx.caller, task, waitMs ?? defaultRunWaitMs, [signal ?? never, ctx.stop]),
      );
    }),
    get: procedure
      .input(idRequestSchema)
      .query(async ({ ctx, input }) =>
        typedRecord(definition, await service.get(ctx.caller, input.id, name)),
      ),
    result: procedure
      .input(resultRequestSchema)
      .query(async ({ ctx, input: { id, waitMs = defaultResultWaitMs }, signal }) => {
        const record = await service.result(ctx.caller, id, waitMs, [signal ?? never, ctx.stop], name);
        if (ctx.stop.aborted && !isTerminal(record.status)) throw shuttingDown();
        return typedOutcome(definition, record);
      }),
    watch: procedure.input(watchRequestSchema).subscription(({ ctx, input, signal }) =>
      trackedStream(
        ctx,
        signal,
        until => service.watch(ctx.caller, input.id, input.lastEventId, until, name),
        async (item): Promise<TaskEventOf<T>> => {
          switch (item.kind) {
            case 'snapshot':
              return { type: 'snapshot', record: await typedRecord(definition, item.record) };
            case 'dropped':
              return { type: 'dropped', ...item.dropped };
            case 'event':
              return typedEvent(definition, item.stored.event);
          }
        },
      ),
    ),
  };
}

/** Whoever waits for a result is to ask again, and will get another gateway, or this one's successor. */
function shuttingDown(): GatewayError {
  return new GatewayError('SHUTTING_DOWN', errorCatalogue.SHUTTING_DOWN.advice);
}
