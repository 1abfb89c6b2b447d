import { eventSchema, recordOfRequest, recordSchema, requestSchema } from '@longhaul/proto/wire';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { BadMessageError, decode, encode } from './codec.ts';

const at = '2026-01-01T00:00:00.000Z';
const subject = 'tasks.event.x';
const bytes = (...codes: number[]) => new Uint8Array(codes);
const text = (given: string) => new TextEncoder().encode(given);

test('what JSON can hold comes back as it was', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), value => {
      const json: unknown = JSON.parse(JSON.stringify(value));
      expect(decode(z.unknown(), subject, encode(value))).toEqual(json);
    }),
  );
});

describe('a message that is refused names its subject', () => {
  test.each<[string, Uint8Array]>([
    ['nothing', bytes()],
    ['half a message', text('{"v":1')],
    ['no UTF-8', bytes(0x22, 0xff, 0x22)],
    ['UTF-8 that is cut off', bytes(0x22, 0xe2, 0x82)],
    ['another version', text('{"v":2}')],
    ['another shape', text('[]')],
    ['null', text('null')],
  ])('%s', (_what, data) => {
    const read = () => decode(z.object({ v: z.literal(1) }), subject, data);
    expect(read).toThrow(BadMessageError);
    expect(read).toThrow(expect.objectContaining({ code: 'BAD_MESSAGE', subject }));
    expect(read).toThrow(subject);
  });

  test('whatever the bytes are, nothing else is thrown', () => {
    fc.assert(
      fc.property(fc.uint8Array(), data => {
        expect(() => decode(eventSchema, subject, data)).toThrow(BadMessageError);
      }),
    );
  });
});

// JSON has no `undefined`: what is left out of a message must not make it another protocol's.
describe('a payload that is nothing', () => {
  const base = { v: 2, owner: 'alice', at } as const;
  const state = { status: 'COMPLETED', attempt: 1, failures: 0, losses: 0, events: 2 } as const;

  test('as input', () => {
    const request = { v: 1, owner: 'alice', createdAt: at, priority: 'normal', input: undefined } as const;
    expect(decode(requestSchema, subject, encode(request)).owner).toBe('alice');
    const record = recordOfRequest('01890000-0000-7000-8000-000000000000', 'demo.count', request);
    expect(decode(recordSchema, subject, encode(record)).status).toBe('PENDING');
  });

  test.each([
    { ...base, type: 'completed', state, attempt: 1, executor: 'a', output: undefined },
    { ...base, type: 'progress', ordinal: 1, attempt: 1, progress: undefined },
  ])('in the event $type', event => {
    expect(decode(eventSchema, subject, encode(event)).type).toBe(event.type);
  });
});

test('fields that a later version adds are dropped', () => {
  const state = { status: 'STOPPING', attempt: 1, failures: 0, losses: 0, events: 2 };
  const event = { v: 2, owner: 'alice', at, type: 'stopping', state, urgency: 9 };
  expect(decode(eventSchema, subject, encode(event))).not.toHaveProperty('urgency');
});
