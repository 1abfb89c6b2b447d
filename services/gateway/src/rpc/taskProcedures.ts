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
import { callerErrorOf } from '../errors.ts';
import { typedEvent, typedOutcome, typedRecord } from '../tasks/read/typedViews.ts';
import type { TaskService } from '../tasks/taskService.ts';
import { trackedStream } from './streams.ts';
import { procedure } from './trpc.ts';

const defaultRunWaitMs = 10_000;
const defaultResultWaitMs = 20_000;
/** The signal of a call that cannot be cancelled. */
const never = new AbortController().signal;

/** The procedures of one task definition. `TaskProcedures` is their type for clients. */
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
            if (!('record' in result)) return { ok: false, error: callerErrorOf(result.error, ctx.logger) };
            return { ok: true, record: await typedRecord(definition, result.record, 'inputWasChecked') };
          }),
        );
      }),
    run: procedure.input(runRequestSchema).mutation(async ({ ctx, input: { waitMs, ...input }, signal }) => {
      const task = { ...input, name, definition };
      return typedOutcome(
        definition,
        // A gateway that stops answers the current record: with its id the caller can wait at another gateway.
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

/** The caller repeats the call, and reaches another gateway or the successor of this one. */
function shuttingDown(): GatewayError {
  return new GatewayError('SHUTTING_DOWN', errorCatalogue.SHUTTING_DOWN.advice);
}
