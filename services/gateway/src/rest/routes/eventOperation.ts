import type { TaskDefinition } from '@longhaul/proto';
import { type StoredEvent, type TaskEvent, watchRequestSchema } from '@longhaul/proto/wire';
import { z } from 'zod';
import { untilCredentialsEnd } from '../../auth/credentials.ts';
import type { OwnerStreams } from '../../protection/ownerStreams.ts';
import { anyRecord, shownEvent, typedEvent } from '../../tasks/read/typedViews.ts';
import type { TaskService } from '../../tasks/taskService.ts';
import type { Watched } from '../../tasks/watch/watchTask.ts';
import { type EventStreamOptions, eventStream, eventText } from '../eventStream.ts';
import { type Operation, operation } from '../operation.ts';
import { snakeKeys } from '../snakeCase.ts';
import { oneTask } from '../startParameters.ts';
import { taskPayload } from '../taskPayload.ts';
import { checkedPayload } from './startOperations.ts';

/** A task's events as Server-Sent Events. */
export function eventOperation(
  service: TaskService,
  definitions: ReadonlyMap<string, TaskDefinition>,
  {
    streams,
    ...options
  }: Pick<EventStreamOptions, 'stop' | 'logger' | 'streamMaxMs' | 'link'> & {
    readonly streams: OwnerStreams;
  },
): Operation {
  /** The events that watchers of the same task share: each is made to text once for all of them. */
  const texts = new WeakMap<TaskEvent, Promise<string>>();

  return operation({
    id: 'watchTask',
    method: 'get',
    path: '/v1/tasks/{id}/events',
    tag: 'Tasks',
    summary: 'Watch a task',
    description:
      'Server-Sent Events: first the state of the task (`snapshot`), then its events, each with an id, up to its end (`completed`, `failed` or `canceled`). Log lines and progress have an `ordinal` over the whole task; `dropped` has the numbers of the earliest ones that are no longer stored (`{ log, progress }`). A client that reconnects with `Last-Event-ID` misses nothing and sees nothing twice; a client that has received the end is answered 204. A progress that the contract of this gateway refuses is an event `unfit`. An event `connection`, without an id, reports that the gateway lost its connection to NATS (`{"nats":"lost"}`: no events arrive for now) or has it again (`{"nats":"restored"}`). An event `problem` reports why the stream ends, such as expired credentials (`CREDENTIALS_EXPIRED`).',
    ...oneTask,
    headers: z.object({
      'last-event-id': watchRequestSchema.shape.lastEventId.meta({
        description: 'The id of the last event seen. Without it the stream begins with a snapshot.',
      }),
    }),
    answers: {
      200: {
        description: 'The stream. `event` is the type, `data` its JSON, `id` the id to resume after.',
        contentType: 'text/event-stream',
        schema: z.string(),
        headers: {
          'cache-control': {
            description: 'The stream must not be cached.',
            schema: z.string(),
            required: true,
          },
        },
      },
      204: { description: 'The client has received the end; no events follow.' },
    },
    problems: ['TASK_NOT_FOUND', 'TOO_MANY_STREAMS'],
    handle: async ({ caller, params, headers, left, cut }) => {
      const ending = new AbortController();
      const credentials = untilCredentialsEnd(caller);
      const signal = AbortSignal.any([left(), options.stop, ending.signal, credentials.signal]);
      try {
        const watched = await service.openWatch(caller, params.id, headers['last-event-id'], signal);
        if (watched) {
          const permit = streams.acquire(caller.owner);
          return {
            status: 200,
            headers: {
              'cache-control': 'no-cache, no-transform',
              'x-accel-buffering': 'no',
              // The end of the stream ends the connection, also where the client is gone and cannot close it.
              connection: 'close',
            },
            stream: eventStream(toTexts(watched), { ...options, credentials, permit, ending, cut }),
          };
        }
      } catch (error) {
        credentials[Symbol.dispose]();
        throw error;
      }
      credentials[Symbol.dispose]();
      return { status: 204 };
    },
  });

  async function* toTexts(watched: AsyncIterable<Watched>): AsyncGenerator<string, void, void> {
    for await (const item of watched) yield await textOf(item);
  }

  async function textOf(item: Watched): Promise<string> {
    if (item.kind === 'dropped') return eventText(item.id, 'dropped', item.dropped);
    if (item.kind === 'event') {
      const { stored } = item;
      // By identity: a watcher who may not see all of an event has another object, and so another text.
      const made = texts.get(stored.event) ?? eventTextOf(stored);
      texts.set(stored.event, made);
      return made;
    }
    const definition = definitions.get(item.record.name);
    const data = definition
      ? await checkedPayload(definition, item.record)
      : taskPayload(await anyRecord(undefined, item.record));
    return eventText(item.id, 'snapshot', data);
  }

  async function eventTextOf({ seq, name, event }: StoredEvent): Promise<string> {
    const definition = definitions.get(name);
    const { owner: _owner, ...rest } = shownEvent(event);
    const view: { readonly type: string } = definition ? await typedEvent(definition, event) : rest;
    const shown = snakeKeys(view) as object;
    return eventText(String(seq), view.type, view.type === 'completed' ? resultNamed(shown) : shown);
  }
}

/** The output is called `result` in REST. */
function resultNamed({
  output,
  unfit,
  ...rest
}: {
  readonly output?: unknown;
  readonly unfit?: unknown;
}): object {
  return {
    ...rest,
    ...(output === undefined ? {} : { result: output }),
    ...(unfit ? { unfit: ['result'] } : {}),
  };
}
