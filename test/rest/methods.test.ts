import { request } from 'node:http';
import { type Stack, startStack } from '@longhaul/testing';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { z } from 'zod';
import { ann, authenticate, contract, type DemoContract, handlers } from './demo.ts';

/** What clients send: the common ones, one of WebDAV and one that no server has. */
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'TRACE'];
/** Bodies that must not matter for a method that there is not. */
const bodies: Readonly<Record<string, { readonly type?: string; readonly text?: string }>> = {
  'no body': {},
  'a JSON body': { type: 'application/json', text: '{}' },
  'a broken body': { type: 'application/json', text: '{"a":' },
  'a body of another type': { type: 'text/plain', text: 'hi' },
};
/** What the document does not describe. */
const beside: Readonly<Record<string, readonly string[]>> = {
  '/healthz': ['GET'],
  '/readyz': ['GET'],
  '/metrics': ['GET'],
  '/openapi.json': ['GET'],
  '/docs': ['GET'],
  '/docs/errors': ['GET'],
};
const documentSchema = z.object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) });

let stack: Stack<DemoContract>;
let url: string;
let known: Map<string, readonly string[]>;

beforeAll(async () => {
  stack = await startStack({
    natsUrl: inject('natsUrl'),
    contract,
    handlers,
    executors: 0,
    gateway: { authenticate },
  });
  url = stack.gateways[0]?.url ?? '';
  const { paths } = documentSchema.parse(await (await fetch(`${url}/openapi.json`)).json());
  known = new Map([
    ...Object.entries(paths).map(
      ([path, has]) => [path, Object.keys(has).map(one => one.toUpperCase())] as const,
    ),
    ...Object.entries(beside),
  ]);
});
afterAll(() => stack[Symbol.asyncDispose]());

type Answered = { status: number; allow: string | undefined; type: string | undefined; body: string };

function send(method: string, path: string, { type, text = '' }: { type?: string; text?: string }) {
  return new Promise<Answered>((resolve, reject) => {
    const headers = {
      ...ann,
      ...(type === undefined
        ? {}
        : { 'content-type': type, 'content-length': String(Buffer.byteLength(text)) }),
    };
    const call = request(`${url}${path}`, { method, headers }, response => {
      response.setEncoding('utf8');
      let body = '';
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => {
        const { allow, 'content-type': contentType } = response.headers;
        resolve({ status: response.statusCode ?? 0, allow, type: contentType, body });
      });
    });
    call.on('error', reject);
    call.end(type === undefined ? undefined : text);
  });
}

/** Ids that there are not, so that nothing is done; a path that is none of the operation's names. */
const filled = (path: string) => path.replaceAll(/\{[^}]+\}/g, '01890000-0000-7000-8000-000000000000');

describe('a known path and a method that it does not have', () => {
  it.each(Object.entries(bodies))('are answered 405 with Allow, sent with %s', async (_what, body) => {
    expect(known.size).toBeGreaterThan(20);
    const wrong: string[] = [];
    for (const [path, has] of known) {
      const all = [...has, ...(has.includes('GET') ? ['HEAD'] : []), 'OPTIONS'];
      for (const method of methods.filter(one => !all.includes(one))) {
        const { status, allow, body: text, type } = await send(method, filled(path), body);
        const allowed = allow?.split(', ').sort().join();
        const isRight =
          status === 405 &&
          allowed === [...all].sort().join() &&
          (!path.startsWith('/v1/') ||
            method === 'HEAD' ||
            (type?.startsWith('application/problem+json') && text.includes('"METHOD_NOT_ALLOWED"')));
        if (!isRight) wrong.push(`${method} ${path}: ${status}, Allow: ${allow} ${text.slice(0, 100)}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('says by OPTIONS which it has', async () => {
    for (const [path, has] of known) {
      const { status, allow } = await send('OPTIONS', filled(path), {});
      expect(status, path).toBe(204);
      for (const method of has) expect(allow?.split(', '), path).toContain(method);
    }
  });
});
