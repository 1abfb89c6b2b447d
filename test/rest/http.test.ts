import { gzipSync } from 'node:zlib';
import { type Stack, startStack } from '@longhaul/testing';
import { type ScriptedContract, scriptedContract, scriptedHandlers } from '@longhaul/testkit';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';

/** What HTTP asks for and no single operation is about. */
let stack: Stack<ScriptedContract>;
let url: string;
beforeAll(async () => {
  stack = await startStack({
    natsUrl: inject('natsUrl'),
    contract: scriptedContract,
    handlers: scriptedHandlers,
  });
  url = stack.gateways[0]?.url ?? '';
});
afterAll(() => stack[Symbol.asyncDispose]());

const json = { 'content-type': 'application/json' };
const echo = '/v1/tasks/script.echo';

async function problemOf(path: string, init: RequestInit = {}) {
  const response = await fetch(`${url}${path}`, init);
  expect(response.headers.get('content-type')).toContain('application/problem+json');
  const problem = (await response.json()) as { status: number; code: string };
  expect(problem.status).toBe(response.status);
  return { problem, code: problem.code, headers: response.headers };
}

describe('methods', () => {
  it.each([
    ['PUT', '/v1/tasks', 'GET, HEAD, OPTIONS'],
    ['GET', echo, 'POST, OPTIONS'],
    ['DELETE', '/v1/tasks/01890000-0000-7000-8000-000000000000', 'GET, HEAD, OPTIONS'],
    ['POST', '/v1/tasks/01890000-0000-7000-8000-000000000000', 'GET, HEAD, OPTIONS'],
    ['PUT', '/v1/schedules/x', 'GET, HEAD, PATCH, DELETE, OPTIONS'],
    ['GET', '/v1/cancellations', 'POST, OPTIONS'],
  ])('%s %s is refused, and Allow says what is not', async (method, path, allow) => {
    const { code, headers } = await problemOf(path, { method });
    expect([code, headers.get('allow')]).toEqual(['METHOD_NOT_ALLOWED', allow]);
    const options = await fetch(`${url}${path}`, { method: 'OPTIONS' });
    expect([options.status, options.headers.get('allow')]).toEqual([204, allow]);
  });

  it('HEAD answers the head of GET, also of a stream', async () => {
    const started = await fetch(`${url}${echo}`, { method: 'POST', headers: json, body: '{"text":"a"}' });
    const path = started.headers.get('location') ?? '';
    for (const [end, type] of [
      ['', 'application/json'],
      ['/events', 'text/event-stream'],
    ]) {
      const response = await fetch(`${url}${path}${end}`, { method: 'HEAD' });
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toContain(type);
      expect(await response.text()).toBe('');
    }
  });
});

describe('paths', () => {
  it.each([
    ['/v1/nothing', 'UNKNOWN_PROCEDURE'],
    ['/v1/tasks/xyz', 'TASK_NOT_FOUND'],
    ['/v1/task-types/no-name', 'UNKNOWN_TASK'],
    ['/v1/schedules/a.b', 'SCHEDULE_NOT_FOUND'],
    ['/v1/tasks/%zz', 'INVALID_REQUEST'],
    [`/v1/tasks/${'a'.repeat(6_000)}`, 'URI_TOO_LONG'],
  ])('%.40s: %s', async (path, code) => {
    expect((await problemOf(path)).code).toBe(code);
  });

  it('of a task that the contract does not have say so', async () => {
    const { code, headers } = await problemOf('/v1/tasks/no.such', {
      method: 'POST',
      headers: json,
      body: '{}',
    });
    expect([code, headers.get('allow')]).toEqual(['UNKNOWN_TASK', null]);
  });
});

describe('bodies', () => {
  const post = (body: RequestInit['body'], headers: Record<string, string>) =>
    problemOf(echo, { method: 'POST', headers, body: body ?? null });

  it('in another form than JSON in UTF-8 are refused', async () => {
    const compressed = gzipSync('{"text":"a"}');
    expect((await post(compressed, { ...json, 'content-encoding': 'gzip' })).code).toBe(
      'UNSUPPORTED_MEDIA_TYPE',
    );
    const latin = { 'content-type': 'application/json; charset=iso-8859-1' };
    expect((await post('{"text":"a"}', latin)).code).toBe('UNSUPPORTED_MEDIA_TYPE');
    expect((await post('text=a', { 'content-type': 'application/x-www-form-urlencoded' })).code).toBe(
      'UNSUPPORTED_MEDIA_TYPE',
    );
    const bytes = new Uint8Array([...Buffer.from('{"text":"'), 0xff, ...Buffer.from('"}')]);
    const { problem } = await post(bytes, json);
    expect(problem).toMatchObject({ code: 'INVALID_REQUEST', detail: expect.stringContaining('not UTF-8') });
  });

  it('that are not JSON are not repeated to the caller', async () => {
    const { problem } = await post('{"password":"hunter2"', json);
    expect(problem).toMatchObject({ code: 'INVALID_REQUEST' });
    expect(JSON.stringify(problem)).not.toContain('hunter2');
  });

  it('that are nested too deeply are refused with the depth that is allowed', async () => {
    const { problem } = await post(`{"text":"a","more":${'['.repeat(300)}${']'.repeat(300)}}`, json);
    expect(problem).toMatchObject({ code: 'INVALID_INPUT', detail: expect.stringContaining('200 levels') });
  });

  it('may be empty where none is needed, whatever type is named', async () => {
    const started = await fetch(`${url}/v1/tasks/script.hang`, { method: 'POST', headers: json, body: '{}' });
    const path = started.headers.get('location') ?? '';
    const canceled = await fetch(`${url}${path}/cancel`, { method: 'POST', headers: json });
    expect(canceled.status).toBeLessThan(300);
  });
});
