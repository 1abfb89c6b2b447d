import { appendEvent } from '@longhaul/broker';
import { TaskOutputUnfitError } from '@longhaul/client';
import type { GatewayErrorShape } from '@longhaul/proto/wire';
import { recordThat, startStack } from '@longhaul/testing';
import { scriptedContract, scriptedHandlers, taskEvent } from '@longhaul/testkit';
import { TRPCClientError } from '@trpc/client';
import { describe, expect, inject, it } from 'vitest';

const system = (executors = 2, gateway: { payloadLimitBytes?: number } = {}) =>
  startStack({
    natsUrl: inject('natsUrl'),
    contract: scriptedContract,
    handlers: scriptedHandlers,
    gateways: 2,
    executors,
    gateway,
  });

async function errorOf(promise: Promise<unknown>): Promise<GatewayErrorShape> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof TRPCClientError) return error.shape as GatewayErrorShape;
  throw new Error(`A tRPC error was expected, not ${error}.`);
}

describe('types-are-true', () => {
  it('refuses a wrong input with the path of each fault, before anything is written', async () => {
    await using stack = await system();
    const wrong = { steps: -1, stepMs: 'soon' } as unknown as { steps: number };
    const { data, message } = await errorOf(stack.tasks.script.count.start(wrong));
    expect(data).toMatchObject({ code: 'BAD_REQUEST', reason: 'INVALID_INPUT' });
    expect(data.issues.map(issue => issue.path)).toEqual([['steps'], ['stepMs']]);
    expect(message).toContain('script.count');
    const { state } = await stack.broker.jsm.streams.info(stack.broker.topology.requestStream);
    expect(state.last_seq).toBe(0);
    expect(await stack.records()).toEqual([]);
  });

  it('refuses a wrong argument beside the input, and an input that is too large', async () => {
    await using stack = await system(2, { payloadLimitBytes: 256 * 1024 });
    const priority = await errorOf(
      stack.tasks.script.echo.start({ text: '' }, { priority: 'urgent' as 'high' }),
    );
    expect(priority.data).toMatchObject({ code: 'BAD_REQUEST', reason: 'INVALID_REQUEST' });
    expect(priority.data.issues[0]?.path).toEqual(['priority']);
    const large = await errorOf(stack.tasks.script.echo.start({ text: 'x'.repeat(300_000) }));
    expect(large.data).toMatchObject({ code: 'PAYLOAD_TOO_LARGE', reason: 'PAYLOAD_TOO_LARGE' });
  });

  it('refuses a misspelt option beside an input and names the right one, over tRPC and REST', async () => {
    await using stack = await system(0);
    const misspelt = { maxAtempts: 3 } as unknown as { priority: 'high' };
    const { data, message } = await errorOf(stack.tasks.script.echo.start({ text: 'a' }, misspelt));
    expect(data).toMatchObject({ code: 'BAD_REQUEST', reason: 'INVALID_REQUEST' });
    expect(message).toContain('There is no option "maxAtempts". Did you mean "policy.maxAttempts"?');
    const response = await fetch(`${stack.gateways[0]?.url}/v1/tasks/script.echo?max_atempts=3`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"text":"a"}',
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      detail: expect.stringContaining('Did you mean "max_attempts"?'),
      errors: [{ parameter: 'max_atempts' }],
    });
    const cancelAll = { staus: ['PENDING'] } as unknown as { name: string };
    expect((await errorOf(stack.tasks.$tasks.cancelMany(cancelAll))).message).toContain('"status"');
    expect(await stack.records()).toEqual([]);
  });

  it('parses an input once: the wire carries what the caller wrote, the handler gets what the schema makes of it', async () => {
    await using stack = await system();
    const outcome = await stack.tasks.script.transform.run({ number: '21' });
    expect(outcome).toMatchObject({ status: 'COMPLETED', output: { product: 42 } });
    expect((await stack.tasks.script.transform.handle(outcome.id).record()).input).toEqual({ number: '21' });
  });

  it('fails a task whose handler returns what its output schema refuses', async () => {
    await using stack = await system();
    const task = await stack.tasks.script.lie.start({});
    const outcome = await task.outcome();
    expect(outcome).toMatchObject({ status: 'FAILED', error: { code: 'INVALID_OUTPUT' } });
  });

  it('gives a declared error its code and data, and an undeclared one only its message', async () => {
    await using stack = await system();
    const declared = await stack.tasks.script.fail.start({ declared: true });
    const error: unknown = await declared.result().catch((thrown: unknown) => thrown);
    if (!declared.isFailure(error)) throw new Error('a failure was expected');
    expect(error.failure).toMatchObject({ code: 'REFUSED', message: 'No.', data: { by: 'the script' } });
    if (error.failure.code === 'REFUSED') expect(error.failure.data.by).toBe('the script');
    const undeclared = await stack.tasks.script.fail.start({ declared: false });
    expect(await undeclared.outcome()).toMatchObject({
      error: { code: 'HANDLER_ERROR', message: 'something broke' },
    });
  });

  it('ends an attempt that takes too long', async () => {
    await using stack = await system();
    const task = await stack.tasks.script.overrun.start({});
    expect(await task.outcome()).toMatchObject({ status: 'FAILED', error: { code: 'TIMEOUT' } });
  });

  it('does not pass on an output that an executor with another contract wrote', async () => {
    await using stack = await system(0);
    const task = await stack.tasks.script.echo.start({ text: 'a' });
    const { owner, createdAt, priority, input } = await recordThat(
      stack.broker,
      'PENDING',
      ({ id }) => id === task.id,
    );
    const at = new Date().toISOString();
    const request = { v: 1 as const, owner, createdAt, priority, input };
    const foreign = taskEvent({
      type: 'completed',
      owner,
      at,
      attempt: 1,
      executor: 'old',
      output: { words: 1 },
      task: request,
    });
    await appendEvent(stack.broker, { id: task.id, name: 'script.echo' }, foreign, 0);
    // It has completed, which is said; an output of that type there is none, which is said as well.
    expect(await task.outcome()).toEqual({ id: task.id, done: true, status: 'COMPLETED', unfit: ['output'] });
    const error: unknown = await task.result().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TaskOutputUnfitError);
    expect(error).toMatchObject({ code: 'OUTPUT_UNFIT', taskId: task.id });
  });
});
