import { createClient, type TaskHandle, TaskOutputUnfitError, type Tasks } from '@longhaul/client';
import type { Contract, TaskDefinition } from '@longhaul/proto';
import { eventThat, recordThat, type Stack, startStack, within } from '@longhaul/testing';
import { describe, expect, inject, it } from 'vitest';
import { type Change, changes, first, handlersOf, type Version } from './versions.ts';

type Gateway = { readonly url: string };
type Handle = TaskHandle<TaskDefinition>;

const untyped = (gateway: Gateway) => createClient<Contract>({ url: gateway.url }) as Tasks<Contract>;
const typed = (gateway: Gateway, { name }: Version) =>
  createClient<{ job: Record<string, TaskDefinition> }>({ url: gateway.url }).job[name] ?? expect.fail();

async function readRest(gateway: Gateway, path: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${gateway.url}/v1/tasks/${path}`);
  const text = await response.text();
  expect(response.status, `${path}: ${text}`).toBeLessThan(500);
  const isJson = response.headers.get('content-type')?.includes('json');
  return { status: response.status, body: isJson ? JSON.parse(text) : text };
}

const restName = (part: string) => (part === 'output' ? 'result' : part);
const unfitOf = (parts: readonly string[]) => (parts.length === 0 ? undefined : parts);

/** Reads a task in every way that there is, and compares what is said not to fit. */
async function expectUnfit(
  gateway: Gateway,
  version: Version | undefined,
  id: string,
  parts: readonly string[],
) {
  const recorded = await untyped(gateway).$tasks.get(id);
  expect(recorded.unfit, 'tasks.get').toEqual(unfitOf(parts));
  // Nothing is left out where no types are promised.
  expect(recorded.input).toBeDefined();
  const { tasks } = await untyped(gateway).$tasks.list({});
  expect(tasks.find(task => task.id === id)?.status).toBe(recorded.status);
  const rest = (await readRest(gateway, `${id}?include=input`)).body as Record<string, unknown>;
  expect(rest.unfit, 'REST').toEqual(unfitOf(parts.map(restName)));
  for (const part of parts) if (part !== 'error') expect(rest).not.toHaveProperty(restName(part));
  if (!version) return;
  const record = await typed(gateway, version).handle(id).record();
  expect(record.unfit, 'the typed record').toEqual(unfitOf(parts));
  for (const part of parts) if (part !== 'error') expect(record).not.toHaveProperty(part);
  expect(record.attempts).toEqual(recorded.attempts);
}

/** Reads how a task has ended: its outcome, its result, and every event, over both protocols. */
async function expectEnd(
  gateway: Gateway,
  version: Version | undefined,
  id: string,
  parts: readonly string[],
) {
  const events = (await readRest(gateway, `${id}/events`)).body as string;
  expect(events).toMatch(/event: (completed|failed)\n/);
  expect(events).not.toContain('event: problem');
  const result = await readRest(gateway, `${id}/result`);
  const hasOutput = !parts.includes('output');
  if (!hasOutput) expect(result).toMatchObject({ status: 409, body: { code: 'OUTPUT_UNFIT', task_id: id } });
  if (!version) return;
  const task = typed(gateway, version).handle(id);
  const outcome = await task.outcome();
  const named = parts.filter(part => part === 'output' || part === 'error');
  expect(outcome.unfit).toEqual(unfitOf(named));
  const all = await within('the events', Array.fromAsync(task.events({ lastEventId: '0' })));
  expect(all.some(({ type }) => type === 'unfit')).toBe(parts.includes('progress'));
  expect(all.some(({ type }) => type === 'progress')).toBe(!parts.includes('progress'));
  if (outcome.status !== 'COMPLETED') return;
  expect(all.at(-1)).toMatchObject({ type: 'completed', ...(hasOutput ? {} : { unfit: ['output'] }) });
  if (hasOutput) return void (await task.result());
  const error: unknown = await task.result().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(TaskOutputUnfitError);
  expect(error).toMatchObject({ code: 'OUTPUT_UNFIT', taskId: id, message: expect.stringContaining(id) });
}

const held = () => Promise.withResolvers<void>();
const endOf = (stack: Stack<Contract>, id: string) =>
  recordThat(stack.broker, `the end of ${id}`, one => one.id === id && one.finishedAt !== undefined);

const start = (gateway: Gateway, version: Version, text: string, delayMs = 0): Promise<Handle> =>
  typed(gateway, version).start(version.input(text), { delayMs });

async function expectEnding(
  stack: Stack<Contract>,
  gateway: Gateway,
  version: Version,
  id: string,
  end: string,
) {
  if (end === 'waits') {
    expect((await untyped(gateway).$tasks.get(id)).status).toBe('PENDING');
    await untyped(gateway).$tasks.cancel(id);
    expect((await endOf(stack, id)).status).toBe('CANCELED');
    return;
  }
  const { status, error } = await endOf(stack, id);
  if (end === 'INVALID_INPUT') return expect(error?.code).toBe('INVALID_INPUT');
  expect(status).toBe('COMPLETED');
  const outcome = await typed(gateway, version).handle(id).outcome();
  expect(outcome.unfit).toEqual(end === 'unfit' ? ['output'] : undefined);
}

describe.each(changes)('a contract with $title', (change: Change) => {
  const { to, unfit } = change;
  const renamed = to.name !== first.name;
  const gate = held();
  const oldHandlers = handlersOf(first, gate.promise);

  it('serves what fits of tasks that have ended, run, wait and are scheduled, and names what does not', async () => {
    await using stack = await startStack<Contract>({
      natsUrl: inject('natsUrl'),
      contract: first.contract,
      handlers: oldHandlers,
      executor: { concurrency: 1 },
    });
    const [oldGateway = expect.fail()] = stack.gateways;
    const [oldExecutor = expect.fail()] = stack.executors;
    const ended = await start(oldGateway, first, 'end');
    await endOf(stack, ended.id);
    const failed = await start(oldGateway, first, 'fail');
    await endOf(stack, failed.id);
    const running = await start(oldGateway, first, 'hold');
    await recordThat(stack.broker, 'progress', one => one.id === running.id && one.progress !== undefined);
    const queued = await start(oldGateway, first, 'end');
    const scheduled = await start(oldGateway, first, 'end', 3_600_000);
    for (const { id } of [queued, scheduled])
      await recordThat(stack.broker, 'a waiting task', one => one.id === id);

    const newGateway = await stack.addGateway({ contract: to.contract });
    const known = renamed ? undefined : to;
    await expectUnfit(newGateway, known, ended.id, unfit.ended);
    await expectEnd(newGateway, known, ended.id, unfit.ended);
    await expectUnfit(newGateway, known, failed.id, unfit.failed);
    await expectEnd(newGateway, known, failed.id, unfit.failed);
    await expectUnfit(newGateway, known, running.id, unfit.running);
    await expectUnfit(newGateway, known, queued.id, unfit.waiting);
    await expectUnfit(newGateway, known, scheduled.id, unfit.waiting);

    // The old executor finishes what it runs, beside the new gateway; what waits is the new one's.
    const stopped = oldExecutor.stop({ drainMs: 20_000 });
    gate.resolve();
    await within('the old executor to stop', stopped);
    await endOf(stack, running.id);
    await expectUnfit(newGateway, known, running.id, unfit.ended);
    await expectEnd(newGateway, known, running.id, unfit.ended);
    await stack.addExecutor({ contract: to.contract, handlers: handlersOf(to, gate.promise) });
    await expectEnding(stack, newGateway, to, queued.id, change.oldInput);
    // A scheduled one becomes a request as it was written, whatever the contract says by then; and can be canceled.
    await untyped(newGateway).$tasks.cancel(scheduled.id);
    expect((await endOf(stack, scheduled.id)).status).toBe('CANCELED');
  });

  it('runs what is scheduled under the old contract when it is due', async () => {
    await using stack = await startStack<Contract>({
      natsUrl: inject('natsUrl'),
      contract: first.contract,
      handlers: oldHandlers,
      executors: 0,
    });
    const [oldGateway = expect.fail()] = stack.gateways;
    const scheduled = await start(oldGateway, first, 'end', 500);
    const newGateway = await stack.addGateway({ contract: to.contract });
    await stack.addExecutor({ contract: to.contract, handlers: handlersOf(to, gate.promise) });
    await waitUntilDue(stack, scheduled.id);
    await expectEnding(stack, newGateway, to, scheduled.id, change.oldInput);
  });

  it('has an old executor beside a new gateway, and the reverse', async () => {
    await using stack = await startStack<Contract>({
      natsUrl: inject('natsUrl'),
      contract: first.contract,
      handlers: oldHandlers,
    });
    const [oldGateway = expect.fail()] = stack.gateways;
    const [oldExecutor = expect.fail()] = stack.executors;
    const newGateway = await stack.addGateway({ contract: to.contract });
    const byNew = await start(newGateway, to, 'end');
    if (change.newGatewayOldExecutor === 'waits') await waitUntilDue(stack, byNew.id);
    await expectEnding(stack, newGateway, to, byNew.id, change.newGatewayOldExecutor);
    await oldExecutor.stop();
    await stack.addExecutor({ contract: to.contract, handlers: handlersOf(to, gate.promise) });
    const byOld = await start(oldGateway, first, 'end');
    if (change.oldGatewayNewExecutor === 'waits') await waitUntilDue(stack, byOld.id);
    await expectEnding(stack, oldGateway, first, byOld.id, change.oldGatewayNewExecutor);
  });
});

/** Resolves when the task is in the queue, or has been taken from it already. */
async function waitUntilDue({ broker }: Stack<Contract>, id: string): Promise<void> {
  const { requestStream, subjects } = broker.topology;
  const find = async () => {
    for (;;) {
      const found = await broker.jsm.streams.getMessage(requestStream, {
        last_by_subj: subjects.requestOf(id),
      });
      if (found) return;
      await new Promise(resolve => setTimeout(resolve, 20));
    }
  };
  await within('the request', Promise.race([find(), eventThat(broker, 'a start', event => event.id === id)]));
}
