import { type TaskDefinition, watchRequestSchema } from '@longhaul/proto';
import { z } from 'zod';
import { untilCredentialsEnd } from '../../auth/credentialsEnd.ts';
import { anyRecord, typedEvent } from '../../read/typedViews.ts';
import type { TaskService } from '../../service.ts';
import type { Watched } from '../../watch/watchTask.ts';
import { type EventStreamOptions, eventStream, type StreamedEvent } from '../eventStream.ts';
import { type Operation, operation } from '../operation.ts';
import { snakeKeys } from '../snakeCase.ts';
import { oneTask } from '../taskParams.ts';
import { taskPayload } from '../taskPayload.ts';

/** A task's events as Server-Sent Events. */
export function eventOperation(
  service: TaskService,
  definitions: ReadonlyMap<string, TaskDefinition>,
  options: Pick<EventStreamOptions, 'stop' | 'logger'>,
): Operation {
  return operation({
    id: 'watchTask',
    method: 'get',
    path: '/v1/tasks/{id}/events',
    tag: 'Tasks',
    summary: 'Watch a task',
    description:
      'Server-Sent Events: first where the task stands (`snapshot`), then what happens to it, each with an id, up to its end (`completed`, `failed` or `canceled`). A client that comes back with `Last-Event-ID` misses nothing and sees nothing twice; one that has seen the end is answered 204. An event `problem` says why the stream cannot go on, as when the credentials end (`CREDENTIALS_EXPIRED`).',
    ...oneTask,
    headers: z.object({
      'last-event-id': watchRequestSchema.shape.lastEventId.meta({
        description: 'The id of the last event seen. Without it the stream begins with a snapshot.',
      }),
    }),
    answers: {
      200: {
        description: 'The stream. `event` is the type, `data` its JSON, `id` what to resume after.',
        contentType: 'text/event-stream',
        schema: z.string(),
        headers: {
          'cache-control': { description: 'Not to be kept.', schema: z.string(), required: true },
        },
      },
      204: { description: 'The end has been seen: there is nothing more to come.' },
    },
    problems: ['TASK_NOT_FOUND'],
    handle: async ({ caller, params, headers, left, cut }) => {
      const ending = new AbortController();
      const credentials = untilCredentialsEnd(caller);
      const signal = AbortSignal.any([left(), options.stop, ending.signal, credentials.signal]);
      const watched = await service.openWatch(caller, params.id, headers['last-event-id'], signal);
      if (!watched) return { status: 204 };
      return {
        status: 200,
        headers: { 'cache-control': 'no-cache, no-transform', 'x-accel-buffering': 'no' },
        stream: eventStream(toEvents(watched), { ...options, credentials, ending, cut }),
      };
    },
  });

  async function* toEvents(watched: AsyncIterable<Watched>): AsyncGenerator<StreamedEvent, void, void> {
    for await (const item of watched) yield { id: item.id, ...viewOf(item) };
  }

  function viewOf(item: Watched): Omit<StreamedEvent, 'id'> {
    if (item.kind === 'snapshot') return { type: 'snapshot', data: taskPayload(anyRecord(item.record)) };
    const { name, event } = item.stored;
    const definition = definitions.get(name);
    const { v: _v, owner: _owner, task: _task, ...rest } = event;
    const shown = snakeKeys(definition ? typedEvent(definition, name, event) : rest) as object;
    return { type: event.type, data: event.type === 'completed' ? resultNamed(shown) : shown };
  }
}

/** The output is called `result` in REST. */
function resultNamed({ output, ...rest }: { readonly output?: unknown }): object {
  return output === undefined ? rest : { ...rest, result: output };
}
