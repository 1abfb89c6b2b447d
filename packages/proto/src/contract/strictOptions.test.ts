import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  cancelManyRequestSchema,
  childOptionsSchema,
  startManyRequestSchema,
  startRequestSchema,
} from '../api/requests.ts';
import { createScheduleSchema } from '../api/schedules.ts';

const messageOf = (schema: z.ZodType, value: unknown) => {
  const parsed = schema.safeParse(value);
  return parsed.success ? undefined : z.prettifyError(parsed.error);
};

describe('a misspelt option is refused with the one that was meant', () => {
  test.each<[z.ZodType, object, string]>([
    [startRequestSchema, { input: 1, maxAtempts: 3 }, '"policy.maxAttempts"'],
    [startRequestSchema, { input: 1, maxAttempts: 3 }, '"policy.maxAttempts"'],
    [startRequestSchema, { input: 1, timeoutMS: 3 }, '"policy.timeoutMs"'],
    [startRequestSchema, { input: 1, idempotencykey: 'a' }, '"idempotencyKey"'],
    [startRequestSchema, { input: 1, idempotency_key: 'a' }, '"idempotencyKey"'],
    [startRequestSchema, { input: 1, dealyMs: 1 }, '"delayMs"'],
    [startRequestSchema, { inptu: 1 }, '"input"'],
    [startRequestSchema, { input: 1, somethingElse: 1 }, 'There are: '],
    [startRequestSchema, { input: 1, policy: { maxAtempts: 1 } }, '"maxAttempts"'],
    [startManyRequestSchema, { tasks: [{ input: 1, prioritty: 'low' }] }, '"priority"'],
    [childOptionsSchema, { detatched: true }, '"detached"'],
    [childOptionsSchema, { idempotencyKey: 'a' }, 'There are: '],
    // Passed over, this would cancel everything.
    [cancelManyRequestSchema, { staus: ['PENDING'] }, '"status"'],
    [createScheduleSchema, { name: 'a.b', evry: '1h' }, '"every"'],
    [createScheduleSchema, { name: 'a.b', cron: '@daily', timezone: 'UTC' }, '"timeZone"'],
  ])('%#: %j %j', (schema, value, meant) => {
    expect(messageOf(schema, value)).toContain(meant);
  });

  test('what is spelt rightly is taken', () => {
    expect(
      messageOf(startRequestSchema, { input: 1, delayMs: 5, policy: { maxAttempts: 2 } }),
    ).toBeUndefined();
    expect(messageOf(cancelManyRequestSchema, { status: ['PENDING'] })).toBeUndefined();
  });
});
