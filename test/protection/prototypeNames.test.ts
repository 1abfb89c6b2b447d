import { type Stack, startStack } from '@longhaul/testing';
import { type ScriptedContract, scriptedContract, scriptedHandlers } from '@longhaul/testkit';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';

/** What every object has without being given it: a name of a caller's that is looked up must not find these. */
const names = [...Object.getOwnPropertyNames(Object.prototype), 'prototype'];

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

type Call = { readonly method: string; readonly path: string; readonly body?: string };
const post = (path: string, body: string): Call => ({ method: 'POST', path, body });
const get = (path: string): Call => ({ method: 'GET', path });

/** Each place of a call where a caller writes a name. The JSON is written by hand: `__proto__` is a member like others. */
const places: { readonly [place: string]: (name: string) => Call } = {
  'a path of the gateway': name => get(`/${name}`),
  'a resource of REST': name => get(`/v1/${name}`),
  'a task type': name => post(`/v1/tasks/${name}`, '{}'),
  'a task type of a group': name => post(`/v1/tasks/script.${name}`, '{}'),
  'a group': name => post(`/v1/tasks/${name}.echo`, '{"text":"a"}'),
  'an id': name => get(`/v1/tasks/${name}`),
  'an id whose result is asked for': name => get(`/v1/tasks/${name}/result`),
  'an operation on a task': name => post(`/v1/tasks/01890000-0000-7000-8000-000000000000/${name}`, '{}'),
  'a member of an input': name => post('/v1/tasks/script.echo', `{"text":"a","${name}":1}`),
  'a member beside an input': name => post('/trpc/script.echo.start', `{"input":{"text":"a"},"${name}":1}`),
  'an option': name => post('/trpc/script.echo.start', `{"input":{"text":"a"},"options":{"${name}":1}}`),
  'a member of a policy': name =>
    post('/trpc/script.echo.start', `{"input":{"text":"a"},"options":{"policy":{"${name}":1}}}`),
  'a parameter of the address': name => get(`/v1/tasks?${name}=1`),
  'a status': name => get(`/v1/tasks?status=${name}`),
  'a filter by type': name => get(`/v1/tasks?name=${name}`),
  'a schedule': name => get(`/v1/schedules/${name}`),
  'a task type of a schedule': name =>
    post('/trpc/tasks.schedules.create', `{"name":"${name}","input":{},"cron":"0 0 * * *"}`),
  'a procedure': name => post(`/trpc/${name}`, '{}'),
  'a procedure of a group': name => post(`/trpc/script.${name}`, '{}'),
  'a procedure of a task type': name => post(`/trpc/script.echo.${name}`, '{}'),
  'a procedure of a batch': name => post(`/trpc/${name},script.echo.start?batch=1`, '{"0":{},"1":{}}'),
  'a call of a batch': name => post('/trpc/script.echo.start?batch=1', `{"${name}":{"input":{"text":"a"}}}`),
  'a type to pause': name => post('/trpc/tasks.pauseType', `{"name":"${name}"}`),
};

describe.each(names)('the name %s', name => {
  it.each(Object.entries(places))('as %s is a name like any other', async (_place, call) => {
    const answerTo = async ({ method, path, body }: Call) => {
      const headers = body === undefined ? {} : { 'content-type': 'application/json' };
      const response = await fetch(`${url}${path}`, {
        method,
        headers,
        ...(body === undefined ? {} : { body }),
      });
      return { status: response.status, text: await response.text() };
    };
    // Of the same letters, so that rules about how names are written see no difference.
    const other = name.endsWith('__') ? '__prota__' : `${name.slice(0, -1)}x`;
    const [answer, expected] = await Promise.all([answerTo(call(name)), answerTo(call(other))]);
    expect(answer.status, answer.text).toBe(expected.status);
    expect(answer.status, answer.text).toBeLessThan(500);
    // The same refusal, but for the name and what differs from call to call.
    const plain = (text: string, own: string) =>
      text
        .replaceAll(own, '<name>')
        .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}|\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<value>');
    expect(plain(answer.text, name)).toBe(plain(expected.text, other));
  });
});
