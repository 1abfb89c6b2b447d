import { type Stack, startStack } from '@longhaul/testing';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { ann, authenticate, contract, type DemoContract, handlers, root } from './demo.ts';
import { OpenApiDriver } from './openApiDriver.ts';

let stack: Stack<DemoContract>;
let url: string;
const bob = { 'x-owner': 'bob' };
const json = { 'content-type': 'application/json' };

beforeAll(async () => {
  stack = await startStack({ natsUrl: inject('natsUrl'), contract, handlers, gateway: { authenticate } });
  url = stack.gateways[0]?.url ?? '';
});
afterAll(() => stack[Symbol.asyncDispose]());

/** What differs from one answer to the next, whatever is asked. */
const passing = new Set(['date', 'ratelimit', 'x-request-id']);

/** Everything of an answer but that, with the id that was asked for blotted out. */
async function answer(method: string, path: string, id: string, headers: Record<string, string>) {
  // The only operation of these that needs a body.
  const sent = method === 'PATCH' ? { body: '{}', headers: { ...headers, ...json } } : { headers };
  const response = await fetch(`${url}${path.replace('{id}', id)}`, { method, ...sent });
  const head = [...response.headers].filter(([name]) => !passing.has(name));
  const text = await response.text();
  return { status: response.status, head, text: text.replaceAll(id, '(id)') };
}

async function create(path: string, body: object): Promise<string> {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { ...ann, ...json },
    body: JSON.stringify(body),
  });
  const { task_id, id } = (await response.json()) as { task_id?: string; id?: string };
  return task_id ?? id ?? '';
}

it('owner-only: another owner is answered as for what there is not, byte for byte, by every operation', async () => {
  const document: unknown = await (await fetch(`${url}/openapi.json`)).json();
  const operations = [...new OpenApiDriver(url, document).operations.values()].filter(({ path }) =>
    path.includes('{id}'),
  );
  expect(operations.length).toBeGreaterThan(8);
  const task = await create('/v1/tasks/demo.hang', {});
  const schedule = await create('/v1/schedules', { name: 'demo.hang', input: {}, every: '1h' });
  for (const { method, path } of operations) {
    const id = path.startsWith('/v1/tasks') ? task : schedule;
    const verb = method.toUpperCase();
    const unknown = await answer(verb, path, '01890000-0000-7000-8000-000000000000', bob);
    expect(unknown.status, path).toBe(404);
    expect(await answer(verb, path, id, bob)).toEqual(unknown);
    // Somebody else's etag or key tells no more.
    expect(await answer(verb, path, id, { ...bob, 'if-none-match': '*' })).toEqual(unknown);
  }

  const list = async (path: string, headers: Record<string, string>) =>
    (await (await fetch(`${url}${path}`, { headers })).json()) as Record<string, unknown[]>;
  expect((await list('/v1/tasks', bob)).tasks).toEqual([]);
  expect((await list('/v1/tasks?owner=ann', bob)).tasks).toEqual([]);
  expect((await list('/v1/schedules?owner=ann', bob)).schedules).toEqual([]);
  const canceled = await fetch(`${url}/v1/cancellations`, {
    method: 'POST',
    headers: { ...bob, ...json },
    body: '{}',
  });
  expect(await canceled.json()).toMatchObject({ canceled: 0, stopping: 0, already_ended: 0, more: false });

  expect((await answer('GET', '/v1/tasks/{id}', task, ann)).status).toBe(200);
  expect((await answer('GET', '/v1/tasks/{id}', task, root)).status).toBe(200);
  expect((await list('/v1/tasks', root)).tasks).toMatchObject([{ task_id: task, owner: 'ann' }]);
  expect((await answer('POST', '/v1/tasks/{id}/cancel', task, root)).status).toBeLessThan(300);
});
