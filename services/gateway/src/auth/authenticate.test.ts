import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createApiKey } from './apiKey.ts';
import { authOptionsOf, authVariables } from './authEnvironment.ts';
import { type AuthOptions, identify, openAuthentication } from './authenticate.ts';
import { type Credentials, credentialOf } from './credentials.ts';

const made = createApiKey();
let folder = '';
let apiKeysFile = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longhaul-auth-'));
  apiKeysFile = join(folder, 'keys.json');
  const { id, sha256 } = made;
  await writeFile(apiKeysFile, JSON.stringify({ keys: [{ id, sha256, owner: 'ann' }] }));
  await writeFile(join(folder, 'secret'), `${'s'.repeat(32)}\n`);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const open = async (options: AuthOptions, host = '127.0.0.1') => {
  const lines: string[] = [];
  const logger = pino({ level: 'info' }, { write: line => void lines.push(line) });
  const authentication = await openAuthentication(options, host, logger);
  onTestFinished(authentication.stop);
  return { ...authentication, lines };
};

describe('where a credential stands', () => {
  test.each<[string, Credentials, string | undefined]>([
    ['a bearer', { headers: { authorization: 'Bearer abc' } }, 'abc'],
    ['in any case', { headers: { authorization: 'bEARER  abc ' } }, 'abc'],
    ['a key', { headers: { 'x-api-key': 'abc' } }, 'abc'],
    ['the bearer goes first', { headers: { authorization: 'Bearer a', 'x-api-key': 'b' } }, 'a'],
    ['another scheme is none', { headers: { authorization: 'Basic abc', 'x-api-key': 'b' } }, 'b'],
    ['a parameter', { headers: {}, connectionParams: { token: 'abc' } }, 'abc'],
    ['headers go first', { headers: { 'x-api-key': 'a' }, connectionParams: { token: 'b' } }, 'a'],
    ['none', { headers: { authorization: 'Bearer', 'x-api-key': '' }, connectionParams: null }, undefined],
    ['two words', { headers: { authorization: 'Bearer a b' } }, undefined],
    ['an endless one', { headers: {}, connectionParams: { token: 'x'.repeat(20_000) } }, undefined],
  ])('%s', (_what, credentials, expected) => expect(credentialOf(credentials)).toBe(expected));
});

describe('without authentication', () => {
  test.each(['127.0.0.1', 'localhost', '::1'])('%s is served, and the log says so', async host => {
    const { authenticate, isOpen, lines } = await open({}, host);
    expect(isOpen).toBe(true);
    expect(await authenticate({ headers: {} })).toEqual({ owner: 'local', role: 'admin' });
    expect(lines.join('')).toContain('no authentication is configured');
  });

  test.each(['0.0.0.0', '::', '192.0.2.1', 'gateway'])('%s is refused, with what to do', async host => {
    const opening = open({}, host);
    await expect(opening).rejects.toThrow(
      expect.objectContaining({
        code: 'AUTHENTICATION_REQUIRED',
        message: expect.stringMatching(/API_KEYS_FILE.*JWT_JWKS_URL.*127\.0\.0\.1/),
      }),
    );
  });
});

test('keys and tokens go side by side, on any address; what is no key is never looked up as one', async () => {
  const jwt = { issuer: 'i', audience: 'a', secret: 's'.repeat(32) };
  const { authenticate, isOpen } = await open({ apiKeysFile, jwt }, '0.0.0.0');
  expect(isOpen).toBe(false);
  expect(await authenticate({ headers: { 'x-api-key': made.key } })).toMatchObject({ owner: 'ann' });
  for (const credential of ['lh_x', 'x', 'a.b.c'])
    expect(await authenticate({ headers: { 'x-api-key': credential } })).toBeUndefined();
  const keysOnly = await open({ apiKeysFile });
  expect(await keysOnly.authenticate({ headers: { authorization: 'Bearer a.b.c' } })).toBeUndefined();
});

test('a function of one’s own goes alone', async () => {
  const authenticate = () => ({ owner: 'ann', role: 'user' as const });
  await expect(open({ authenticate, apiKeysFile })).rejects.toThrow(
    expect.objectContaining({ code: 'AMBIGUOUS_AUTHENTICATION' }),
  );
  expect((await open({ authenticate }, '0.0.0.0')).isOpen).toBe(false);
});

test.each(['', '\ud800', 'x'.repeat(257)])('an owner "%s" is nobody', async owner => {
  const identified = identify(() => ({ owner, role: 'admin' }), { headers: {} });
  await expect(identified).rejects.toThrow(expect.objectContaining({ code: 'UNAUTHENTICATED' }));
});

describe('the environment', () => {
  const read = (env: Record<string, string>) => authOptionsOf(authVariables.parse(env));

  test('that says nothing configures nothing', async () => expect(await read({})).toEqual({}));

  test('says everything', async () => {
    const options = await read({
      API_KEYS_FILE: apiKeysFile,
      JWT_SECRET_FILE: join(folder, 'secret'),
      JWT_ISSUER: 'i',
      JWT_AUDIENCE: 'a',
      JWT_ALGORITHMS: 'HS256, HS512',
      JWT_CLOCK_TOLERANCE_S: '10',
      JWT_OWNER_CLAIM: 'email',
      JWT_ROLES_CLAIM: 'scope',
      JWT_OPERATOR_ROLE: 'sre',
    });
    expect(options).toEqual({
      apiKeysFile,
      jwt: {
        issuer: 'i',
        audience: 'a',
        secret: 's'.repeat(32),
        algorithms: ['HS256', 'HS512'],
        clockToleranceSeconds: 10,
        ownerClaim: 'email',
        rolesClaim: 'scope',
        roleNames: { operator: 'sre', admin: 'longhaul-admin' },
      },
    });
  });

  test.each<[string, Record<string, string>]>([
    ['no issuer', { JWT_JWKS_URL: 'https://id.example/jwks', JWT_AUDIENCE: 'a' }],
    ['no audience', { JWT_JWKS_URL: 'https://id.example/jwks', JWT_ISSUER: 'i' }],
    ['no key', { JWT_ISSUER: 'i', JWT_AUDIENCE: 'a' }],
    [
      'two keys',
      { JWT_ISSUER: 'i', JWT_AUDIENCE: 'a', JWT_JWKS_URL: 'https://id.example', JWT_SECRET_FILE: 'x' },
    ],
    ['no such file', { JWT_ISSUER: 'i', JWT_AUDIENCE: 'a', JWT_SECRET_FILE: '/nowhere/secret' }],
  ])('with %s is refused', async (_what, env) => {
    await expect(read(env)).rejects.toThrow(expect.objectContaining({ code: 'BAD_ENVIRONMENT' }));
  });
});
