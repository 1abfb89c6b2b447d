import {
  ackWaitMs,
  attemptsKept,
  eventsKeptPerTask,
  heartbeatMs,
  payloadLimitBytes,
  requestSchema,
} from '@longhaul/proto';
import { code, table } from './markers.ts';

/** The numbers that a writer on the wire has to keep to. */
export function limitTable(): string {
  const { owner, idempotencyKey } = requestSchema.shape;
  const rows: readonly (readonly [name: string, value: string, meaning: string])[] = [
    [
      'payloadLimitBytes',
      `${payloadLimitBytes} bytes`,
      'the largest request, output or progress; a larger output fails the task with `OUTPUT_TOO_LARGE`',
    ],
    ['eventsKeptPerTask', String(eventsKeptPerTask), 'events of one task; the oldest roll off'],
    ['attemptsKept', String(attemptsKept), 'attempts in a record; the oldest are dropped'],
    ['heartbeatMs', `${heartbeatMs} ms`, 'an executor sends `+WPI` for each request it has, this often'],
    ['ackWaitMs', `${ackWaitMs} ms`, 'without `+WPI` a request is delivered again after this long'],
    ['owner', `${owner.maxLength} characters`, 'the longest owner'],
    ['idempotencyKey', `${idempotencyKey.unwrap().maxLength} characters`, 'the longest idempotency key'],
  ];
  return table(
    ['limit', 'value', 'meaning'],
    rows.map(([name, value, meaning]) => [code(name), value, meaning]),
  );
}
