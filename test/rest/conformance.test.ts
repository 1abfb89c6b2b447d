import { recordThat, type Stack, startStack } from '@longhaul/testing';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { ann, authenticate, contract, type DemoContract, handlers, otto, root } from './demo.ts';
import { type Answered, OpenApiDriver, type Sent } from './openApiDriver.ts';
import { expectClean } from './openApiLint.ts';

const unknownId = '01890000-0000-7000-8000-000000000000';
const payloadLimitBytes = 256 * 1024 * 8;

/** Each operation as it can be called by anybody at any time: what it names is not there. */
const harmless: Readonly<Record<string, Sent>> = {
  listTasks: {},
  getTask: { params: { id: unknownId } },
  getResult: { params: { id: unknownId } },
  cancelTask: { params: { id: unknownId } },
  retryTask: { params: { id: unknownId } },
  pauseTask: { params: { id: unknownId } },
  resumeTask: { params: { id: unknownId } },
  watchTask: { params: { id: unknownId } },
  cancelTasks: { body: { name: 'no.such' } },
  listTaskTypes: {},
  getTaskType: { params: { name: 'no.such' } },
  pauseTaskType: { params: { name: 'no.such' }, headers: root },
  resumeTaskType: { params: { name: 'no.such' }, headers: root },
  listSchedules: {},
  createSchedule: { body: { name: 'no.such', every: '1h' } },
  getSchedule: { params: { id: 'none' } },
  updateSchedule: { params: { id: 'none' }, body: { overlap: 'queue' } },
  runSchedule: { params: { id: 'none' } },
  pauseSchedule: { params: { id: 'none' } },
  resumeSchedule: { params: { id: 'none' } },
  deleteSchedule: { params: { id: 'none' } },
  'start.demo.greet': { body: { bot: 'b', text: 'hi' } },
  'start.demo.greet.1': { params: { bot: 'b' }, body: { text: 'hi' } },
  'start.demo.greet.2': { params: { bot: 'b', lang: 'en' }, body: { name: 'Ann' } },
  'startMany.demo.greet': { body: { tasks: [] } },
  'start.demo.hang': { body: {} },
  'startMany.demo.hang': { body: { tasks: [] } },
};

let stack: Stack<DemoContract>;
let driver: OpenApiDriver;
let text: string;
const as = (sent: Sent | undefined, headers: Record<string, string>): Sent => ({
  ...sent,
  headers: { ...ann, ...sent?.headers, ...headers },
});
const call = (id: string, status: number, sent: Sent = {}, headers: Record<string, string> = {}) =>
  driver.call(id, status, as(sent, headers));
const idOf = ({ body }: Answered) => (body as { task_id: string }).task_id;
const codeOf = ({ body }: Answered) => (body as { code: string }).code;
const running = (id: string) =>
  recordThat(stack.broker, 'progress', one => one.id === id && one.progress !== undefined);
const endedRecord = (id: string) =>
  recordThat(stack.broker, 'the end', one => one.id === id && one.finishedAt !== undefined);

beforeAll(async () => {
  stack = await startStack({
    natsUrl: inject('natsUrl'),
    contract,
    handlers,
    // The errors that it logs are wanted here.
    gateway: { authenticate, payloadLimitBytes, logger: pino({ level: 'silent' }) },
    executor: { payloadLimitBytes: 2 * payloadLimitBytes },
  });
  const url = stack.gateways[0]?.url ?? '';
  text = await (await fetch(`${url}/openapi.json`)).text();
  driver = new OpenApiDriver(url, JSON.parse(text));
});
afterAll(() => stack[Symbol.asyncDispose]());

describe('the OpenAPI document', () => {
  it('passes a linter', () => expectClean(text));

  it('has every operation that the next tests call', () => {
    expect(Object.keys(harmless).sort()).toEqual([...driver.operations.keys()].sort());
  });
});

// In the order in which they stand: the last one asks which answers the others have seen.
describe('every operation answers what the document says', () => {
  it.each(Object.entries(harmless))('%s, to those whom it refuses', async (id, sent) => {
    await driver.call(id, 401, { ...sent, headers: {} });
    await call(id, 406, sent, { accept: 'image/png' });
    expect(codeOf(await call(id, 400, { ...sent, query: 'nope=1' }))).toBe('INVALID_REQUEST');
    expect(codeOf(await call(id, 503, sent, { 'x-owner': 'without-nats' }))).toBe('NATS_UNAVAILABLE');
    expect(codeOf(await call(id, 507, sent, { 'x-owner': 'storage-full' }))).toBe('STORAGE_FULL');
    expect(codeOf(await call(id, 429, sent, { 'x-owner': 'too-often' }))).toBe('TOO_MANY_REQUESTS');
    const broken = await call(id, 500, sent, { 'x-owner': 'broken' });
    expect(JSON.stringify(broken.body)).not.toContain('secret');
    const operation = driver.operations.get(id);
    if (operation?.requestBody || operation?.method === 'delete') {
      await call(id, 415, { ...sent, raw: '{}' }, { 'content-type': 'text/plain' });
      const large = ' '.repeat(payloadLimitBytes + 3 * 1024 * 1024);
      await call(id, 413, { ...sent, raw: large }, { 'content-type': 'application/json' });
    }
    if (operation?.requestBody) {
      const malformed = await call(
        id,
        400,
        { ...sent, raw: '{"a":' },
        { 'content-type': 'application/json' },
      );
      expect(codeOf(malformed)).toBe('INVALID_REQUEST');
    }
    if (driver.operations.get(id)?.responses[404]) await call(id, 404, sent);
    if (sent.params) {
      const long = Object.keys(sent.params).map(name => [name, 'a'.repeat(6_000)]);
      await call(id, 414, { ...sent, params: Object.fromEntries(long) });
    }
  });

  it('starts', async () => {
    const fast = { prefer: 'wait=20' };
    for (const id of ['start.demo.greet', 'start.demo.greet.1', 'start.demo.greet.2']) {
      const sent = harmless[id];
      const accepted = await call(id, 202, sent, { prefer: 'respond-async' });
      expect(accepted.headers.get('location')).toBe(`/v1/tasks/${idOf(accepted)}`);
      expect(accepted.headers.get('preference-applied')).toBe('respond-async');
      expect((await call(id, 200, sent, fast)).body).toMatchObject({
        status: 'COMPLETED',
        progress_percent: 100,
        result: { greeting: expect.stringMatching(/^b says /) },
      });
      const key = { 'idempotency-key': `"${id}"` };
      const first = await call(id, 200, sent, { ...key, ...fast });
      // The record, which the second call finds, is written behind the events, which the first has waited for.
      await endedRecord(idOf(first));
      const again = await call(id, 200, sent, { 'idempotency-key': id });
      expect(idOf(again)).toBe(idOf(first));
      const other = id.endsWith('2') ? { body: { name: 'Bob' } } : { body: { bot: 'b', text: 'bye' } };
      expect(codeOf(await call(id, 409, { ...sent, ...other }, key))).toBe('IDEMPOTENCY_CONFLICT');
    }
    const refused = await call('start.demo.greet', 400, { body: { bot: 'b', text: 1 } });
    expect(refused.body).toMatchObject({ code: 'INVALID_INPUT', errors: [{ pointer: '/text' }] });
    const inPath = await call('start.demo.greet.2', 400, {
      params: { bot: 'b', lang: 'deu' },
      body: { name: 3 },
    });
    expect(inPath.body).toMatchObject({ errors: [{ parameter: 'lang' }, { pointer: '/name' }] });
    const options = { query: 'priority=high&delay_ms=3600000&max_attempts=3&timeout_ms=5' };
    const delayed = await call('start.demo.hang', 202, { body: {}, ...options });
    expect(delayed.body).toMatchObject({
      status: 'SCHEDULED',
      priority: 'high',
      policy: { max_attempts: 3, timeout_ms: 5 },
    });
    const key = { 'idempotency-key': 'canceled' };
    const hanging = await call('start.demo.hang', 202, { body: {} }, { ...key, prefer: 'wait=0' });
    await running(idOf(hanging));
    await call('cancelTask', 202, { params: { id: idOf(hanging) } });
    await endedRecord(idOf(hanging));
    expect((await call('start.demo.hang', 200, { body: {} }, key)).body).toMatchObject({
      status: 'CANCELED',
    });
    expect(codeOf(await call('start.demo.hang', 409, { body: { more: 1 } }, key))).toBe(
      'IDEMPOTENCY_CONFLICT',
    );
  });

  it('starts many', async () => {
    const tasks = [
      { input: { bot: 'b', text: 'hi' }, policy: { backoff: { kind: 'fixed', delay_ms: 5 } } },
      {},
    ];
    const { body } = await call('startMany.demo.greet', 200, { body: { tasks } });
    expect(body).toMatchObject({
      results: [
        { ok: true, task: { policy: { backoff: { kind: 'fixed', delay_ms: 5 } } } },
        { ok: false, problem: { code: 'INVALID_INPUT', errors: [{ pointer: '/tasks/1/input' }] } },
      ],
    });
    await call('startMany.demo.hang', 200, { body: { tasks: [] } });
  });

  it('says where a task stands, and what it came to', async () => {
    const hanging = await call('start.demo.hang', 202, { body: {} });
    const params = { id: idOf(hanging) };
    await running(params.id);
    const stands = await call('getTask', 200, { params, query: 'include=input' });
    expect(stands.body).toMatchObject({ status: 'RUNNING', progress_percent: 45, input: {} });
    expect(Number(stands.headers.get('retry-after'))).toBeGreaterThan(0);
    const etag = stands.headers.get('etag') ?? '';
    await call('getTask', 304, { params, query: 'include=input' }, { 'if-none-match': `"x", ${etag}` });
    await call('getTask', 200, { params }, { 'if-none-match': etag });
    await call('getResult', 202, { params });
    expect(codeOf(await call('retryTask', 409, { params }))).toBe('TASK_NOT_ENDED');
    await call('pauseTask', 202, { params });
    expect((await call('resumeTask', 202, { params })).body).toMatchObject({ task_id: params.id });
    await call('cancelTask', 202, { params, body: { reason: 'enough' } });
    await endedRecord(params.id);
    await call('cancelTask', 200, { params });
    const canceled = await call('getResult', 409, { params });
    expect(canceled.body).toMatchObject({ code: 'TASK_CANCELED', cancel_reason: 'enough' });

    const rude = await call(
      'start.demo.greet',
      200,
      { body: { bot: 'b', text: 'damn' } },
      { prefer: 'wait=20' },
    );
    expect(rude.body).toMatchObject({ status: 'FAILED', error: { code: 'RUDE', data: { word: 'damn' } } });
    const failed = await call('getResult', 409, { params: { id: idOf(rude) } }, { prefer: 'wait=20' });
    expect(failed.body).toMatchObject({ code: 'TASK_FAILED', error: { data: { word: 'damn' } } });
    await endedRecord(idOf(rude));
    expect(codeOf(await call('pauseTask', 409, { params: { id: idOf(rude) } }))).toBe('NOT_PAUSABLE');
    expect(codeOf(await call('resumeTask', 409, { params: { id: idOf(rude) } }))).toBe('NOT_PAUSABLE');
    const key = { 'idempotency-key': 'again' };
    const retried = await call('retryTask', 202, { params: { id: idOf(rude) } }, key);
    await endedRecord(idOf(retried));
    const again = await call('retryTask', 200, { params: { id: idOf(rude) } }, key);
    expect(again.body).toMatchObject({ task_id: idOf(retried), retry_of: idOf(rude) });

    const done = await call('start.demo.greet', 200, harmless['start.demo.greet'], { prefer: 'wait=20' });
    const whole = await call('getResult', 200, { params: { id: idOf(done) } }, { prefer: 'wait=20' });
    expect(whole.body).toEqual({ greeting: 'b says hi' });
    expect(whole.headers.get('preference-applied')).toBe('wait=20');
  });

  it('streams events', async () => {
    const done = await call('start.demo.greet', 200, harmless['start.demo.greet'], { prefer: 'wait=20' });
    const params = { id: idOf(done) };
    await endedRecord(params.id);
    const { body } = await call('watchTask', 200, { params });
    expect(String(body)).toMatch(
      /^retry: \d+\n\nid: \d+\nevent: snapshot\n[\s\S]*event: completed\ndata: .*\n\n$/,
    );
    const { seq } = (await call('getTask', 200, { params })).body as { seq: number };
    await call('watchTask', 204, { params }, { 'last-event-id': String(seq) });
    await call('watchTask', 400, { params }, { 'last-event-id': 'x' });
  });

  it('lists and cancels', async () => {
    const { body, headers } = await call('listTasks', 200, { query: 'limit=1&status=COMPLETED,FAILED' });
    expect(body).toMatchObject({ tasks: [{ owner: 'ann' }], next_cursor: expect.any(String) });
    const next = headers.get('link')?.match(/^<\/v1\/tasks\?(.*)>/)?.[1] ?? '';
    expect(next).toContain('status=COMPLETED');
    const second = (await call('listTasks', 200, { query: next })).body as { tasks: object[] };
    expect(second.tasks).not.toEqual((body as typeof second).tasks);
    expect(codeOf(await call('listTasks', 400, { query: 'cursor=x' }))).toBe('INVALID_CURSOR');
    await call('cancelTasks', 200, { body: { status: ['SCHEDULED'] } });
  });

  it('shows and pauses kinds of tasks', async () => {
    const params = { name: 'demo.hang' };
    expect((await call('listTaskTypes', 200)).body).toMatchObject({
      task_types: [{ name: 'demo.greet' }, params],
    });
    for (const verb of ['pauseTaskType', 'resumeTaskType']) {
      expect(codeOf(await call(verb, 403, { params }))).toBe('FORBIDDEN');
      await call(verb, 200, { params }, root);
      expect((await call('getTaskType', 200, { params })).body).toMatchObject({ paused: verb[0] === 'p' });
    }
  });

  it('keeps schedules', async () => {
    const schedule = { name: 'demo.hang', input: {}, cron: '0 3 * * *', time_zone: 'Europe/Berlin' };
    const body = { ...schedule, id: 'nightly', overlap: 'queue', policy: { max_attempts: 2 } };
    const created = await call('createSchedule', 201, { body });
    expect(created.headers.get('location')).toBe('/v1/schedules/nightly');
    expect(created.body).toMatchObject({ time_zone: 'Europe/Berlin', policy: { max_attempts: 2 } });
    await call('createSchedule', 201, { body });
    expect(codeOf(await call('createSchedule', 409, { body: { ...body, overlap: 'skip' } }))).toBe(
      'SCHEDULE_CONFLICT',
    );
    const wrong = { ...schedule, name: 'demo.greet', input: { bot: 'b' } };
    const refused = await call('createSchedule', 400, { body: wrong });
    expect(refused.body).toMatchObject({ code: 'INVALID_INPUT', errors: [{ pointer: '/input/text' }] });
    const params = { id: 'nightly' };
    const changed = await call('updateSchedule', 200, {
      params,
      body: { misfire: 'all', misfire_after_ms: 5_000 },
    });
    expect(changed.body).toMatchObject({ misfire: 'all', misfire_after_ms: 5_000, overlap: 'queue' });
    expect((changed.body as { next_times: string[] }).next_times).toHaveLength(5);
    expect(codeOf(await call('updateSchedule', 400, { params, body: { cron: '61 * * * *' } }))).toBe(
      'INVALID_SCHEDULE',
    );
    await call('runSchedule', 202, { params });
    await call('pauseSchedule', 200, { params });
    expect((await call('getSchedule', 200, { params })).body).toMatchObject({ paused: true, input: {} });
    await call('resumeSchedule', 200, { params });
    expect((await call('listSchedules', 200)).body).toMatchObject({ schedules: [{ id: 'nightly' }] });
    expect(codeOf(await call('getSchedule', 404, { params }, { 'x-owner': 'bob' }))).toBe(
      'SCHEDULE_NOT_FOUND',
    );
    await call('getSchedule', 200, { params, query: 'owner=ann' }, root);
    for (const verb of [
      'updateSchedule',
      'runSchedule',
      'pauseSchedule',
      'resumeSchedule',
      'deleteSchedule',
    ]) {
      const others = { params, query: 'owner=ann', ...(verb === 'updateSchedule' ? { body: {} } : {}) };
      expect(codeOf(await call(verb, 403, others, otto))).toBe('FORBIDDEN');
    }
    await call('deleteSchedule', 204, { params });
    await call('deleteSchedule', 404, { params });
  });

  it('says that a large result is no longer kept', async () => {
    const body = { bot: 'b', text: 'x'.repeat(300_000) };
    const key = { 'idempotency-key': 'large', prefer: 'wait=20' };
    const starts = ['start.demo.greet', 'start.demo.greet.1'];
    const large = await call('start.demo.greet', 200, { body }, key);
    const lang = { params: { bot: 'b', lang: 'en' }, body: { name: body.text } };
    const named = await call('start.demo.greet.2', 200, lang, { ...key, 'idempotency-key': 'named' });
    await endedRecord(idOf(named));
    const params = { id: idOf(large) };
    await endedRecord(params.id);
    await stack.broker.jsm.streams.purge(stack.broker.topology.payloadStream);
    for (const id of ['getTask', 'getResult', 'retryTask']) await call(id, 410, { params });
    for (const id of starts) await call(id, 410, { params: { bot: 'b' }, body }, key);
    await call('start.demo.greet.2', 410, lang, { ...key, 'idempotency-key': 'named' });
  });

  it('says that a result is larger than the gateway takes', async () => {
    const body = { bot: 'echo', text: 'x'.repeat(0.7 * payloadLimitBytes) };
    const { headers } = await call('start.demo.greet', 202, { body });
    const params = { id: headers.get('location')?.split('/').at(-1) ?? '' };
    await endedRecord(params.id);
    for (const id of ['getTask', 'getResult']) await call(id, 413, { params });
    const key = { 'idempotency-key': 'larger' };
    await endedRecord(idOf(await call('retryTask', 202, { params }, key)));
    await call('retryTask', 413, { params }, key);
  });

  it('and there is no answer in it that was not seen', () => {
    // Of a task whose output is `{}` there is none that is too large to keep in its record; and none of these tasks
    // refuses a start because of a limit.
    expect(driver.unseen()).toEqual(['runSchedule 409', 'start.demo.hang 410']);
  });
});
