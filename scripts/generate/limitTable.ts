import {
  ackWaitMs,
  attemptsKept,
  defaultLogLinesKept,
  defaultPayloadLimitBytes,
  failureLimits,
  heartbeatMs,
  inlineLimitBytes,
  lifecycleLimit,
  progressKept,
  progressKeptSeconds,
  requestSchema,
  taskTypeSchema,
} from '@longhaul/proto/wire';
import { errorDataLimitBytes } from '../../services/executor/src/handler/ending.ts';
import { logLineChars } from '../../services/executor/src/handler/logLine.ts';
import { code, table } from './markers.ts';

/** The numbers that a writer on the wire has to keep to. */
export function limitTable(): string {
  const { owner, idempotencyKey } = requestSchema.shape;
  const rows: readonly (readonly [name: string, value: string, meaning: string])[] = [
    [
      'inlineLimitBytes',
      `${inlineLimitBytes} bytes`,
      'the largest input, output or progress in a message; a larger input or output is [referred to](#large-payloads)',
    ],
    [
      'payloadLimitBytes',
      `${defaultPayloadLimitBytes} bytes`,
      'the largest input or output, unless gateways and executors are given another limit; a larger output fails the task with `OUTPUT_TOO_LARGE`',
    ],
    [
      'failureLimits',
      `${failureLimits.messageChars}, ${failureLimits.stackChars} characters`,
      'the longest message and the longest stack of a failure; the rest is cut off',
    ],
    [
      'failureLimits.causes',
      `${failureLimits.causes} causes`,
      `each with ${failureLimits.causeMessageChars} characters of message and ${failureLimits.causeStackChars} of stack`,
    ],
    ['errorDataLimitBytes', `${errorDataLimitBytes} bytes`, 'the largest data of a declared error'],
    ['logLineChars', `${logLineChars} characters`, 'the longest message of a log line; the rest is cut off'],
    [
      'logLinesKept',
      String(defaultLogLinesKept),
      'log events of one task, unless a gateway is given another limit; the oldest are dropped',
    ],
    [
      'progressKept',
      String(progressKept),
      'progress events of one task at least, and twice as many at most; the oldest are dropped',
    ],
    [
      'lifecycleLimit',
      String(lifecycleLimit),
      'lifecycle events of one task after which it takes no children and no pauses; none is dropped while the task lives',
    ],
    [
      'progressKeptSeconds',
      `${progressKeptSeconds} s`,
      'progress and logs expire after this long: their `Nats-TTL`',
    ],
    ['attemptsKept', String(attemptsKept), 'attempts in a record; the oldest are dropped'],
    ['heartbeatMs', `${heartbeatMs} ms`, 'an executor sends `+WPI` for each request it has, this often'],
    ['ackWaitMs', `${ackWaitMs} ms`, 'without `+WPI` a request is delivered again after this long'],
    ['name', `${taskTypeSchema.maxLength} characters`, 'the longest task type'],
    ['owner', `${owner.maxLength} characters`, 'the longest owner'],
    ['idempotencyKey', `${idempotencyKey.unwrap().maxLength} characters`, 'the longest idempotency key'],
  ];
  return table(
    ['limit', 'value', 'meaning'],
    rows.map(([name, value, meaning]) => [code(name), value, meaning]),
  );
}
