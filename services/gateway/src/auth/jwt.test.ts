import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, exportSPKI, generateKeyPair, SignJWT } from 'jose';
import { describe, expect, onTestFinished, test } from 'vitest';
import { callerOf, createFindByToken } from './jwt.ts';
import { type JwtOptions, readJwtOptions } from './jwtOptions.ts';

const issuer = 'https://id.example';
const audience = 'longhaul';
const common = { issuer, audience };
const pair = await generateKeyPair('ES256', { extractable: true });
const publicKey = await exportSPKI(pair.publicKey);
const nowS = () => Math.floor(Date.now() / 1_000);

function token(
  claims: object = {},
  alg = 'ES256',
  key: CryptoKey | Uint8Array = pair.privateKey,
  kid?: string,
) {
  const whole = { iss: issuer, aud: audience, sub: 'ann', exp: nowS() + 60, ...claims };
  return new SignJWT(whole).setProtectedHeader({ alg, ...(kid === undefined ? {} : { kid }) }).sign(key);
}

describe('with a public key', () => {
  const find = createFindByToken({ ...common, publicKey });

  test('a good token names its owner and its end', async () => {
    const exp = nowS() + 60;
    expect(await find(await token({ exp }))).toEqual({
      owner: 'ann',
      role: 'user',
      expiresAtMs: (exp + 5) * 1_000,
    });
  });

  test.each<[string, object]>([
    ['another issuer', { iss: 'https://evil.example' }],
    ['no issuer', { iss: undefined }],
    ['another audience', { aud: 'wiki' }],
    ['no audience', { aud: undefined }],
    ['no end', { exp: undefined }],
    ['no owner', { sub: undefined }],
    ['an owner that is no text', { sub: 17 }],
    ['a beginning in the future', { nbf: nowS() + 60 }],
  ])('%s: refused', async (_what, claims) => {
    expect(await find(await token(claims))).toBeUndefined();
  });

  test('an expired one is told so, within the tolerance it is good', async () => {
    expect(await find(await token({ exp: nowS() - 2 }))).toMatchObject({ owner: 'ann' });
    const old = find(await token({ exp: nowS() - 60 }));
    await expect(old).rejects.toThrow(expect.objectContaining({ code: 'CREDENTIALS_EXPIRED' }));
    // A caller who cannot sign learns nothing about times.
    const strange = await generateKeyPair('ES256');
    expect(await find(await token({ exp: nowS() - 60 }, 'ES256', strange.privateKey))).toBeUndefined();
  });

  test('another key, a changed token, no signature, and our public key taken for a secret: refused', async () => {
    const strange = await generateKeyPair('ES256');
    expect(await find(await token({}, 'ES256', strange.privateKey))).toBeUndefined();
    const rsa = await generateKeyPair('RS256');
    expect(await find(await token({}, 'RS256', rsa.privateKey))).toBeUndefined();
    const [head = '', , signature = ''] = (await token()).split('.');
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = encode({ ...common, iss: issuer, aud: audience, sub: 'root', exp: nowS() + 60 });
    expect(await find(`${head}.${claims}.${signature}`)).toBeUndefined();
    expect(await find(`${encode({ alg: 'none' })}.${claims}.`)).toBeUndefined();
    expect(await find(await token({}, 'HS256', new TextEncoder().encode(publicKey)))).toBeUndefined();
  });

  test.each(['', 'x', 'a.b.c', '..', 'e30.e30.e30', '\u0000'])('"%s" is no token', async text => {
    expect(await find(text)).toBeUndefined();
  });
});

describe('roles', () => {
  const rules = readJwtOptions({ ...common, publicKey });
  const roleOf = (claims: object, more: Partial<JwtOptions> = {}) =>
    callerOf({ sub: 'ann', exp: 1, ...claims }, { ...rules, ...more })?.role;

  test('come from a list or from words, the highest counts, and what is not known counts for nothing', () => {
    expect(roleOf({})).toBe('user');
    expect(roleOf({ roles: ['longhaul-operator', 'other'] })).toBe('operator');
    expect(roleOf({ roles: 'x longhaul-operator longhaul-admin' })).toBe('admin');
    expect(roleOf({ roles: ['longhaul-administrator', { admin: true }, null] })).toBe('user');
    expect(roleOf({ roles: { 'longhaul-admin': true } })).toBe('user');
  });

  test('come from any claim, also from within another', () => {
    const within = { rolesClaim: 'realm_access.roles' };
    expect(roleOf({ realm_access: { roles: ['longhaul-admin'] } }, within)).toBe('admin');
    expect(roleOf({ 'realm_access.roles': ['longhaul-operator'] }, within)).toBe('operator');
    expect(roleOf({ realm_access: null }, within)).toBe('user');
    expect(roleOf({}, { rolesClaim: '__proto__.constructor.name' })).toBe('user');
    const names = { roleNames: { operator: 'sre', admin: 'root' } };
    expect(roleOf({ roles: 'sre' }, names)).toBe('operator');
    expect(roleOf({ roles: 'longhaul-admin' }, names)).toBe('user');
  });

  test('the owner may be another claim', () => {
    const claims = { sub: 'x', exp: 1, email: 'ann@example.org' };
    expect(callerOf(claims, { ...rules, ownerClaim: 'email' })).toMatchObject({ owner: 'ann@example.org' });
    expect(callerOf(claims, { ...rules, ownerClaim: 'toString' })).toBeUndefined();
  });
});

describe('with a JWKS URL', () => {
  async function issuerWith(answer: () => { status: number; body: unknown }) {
    let asked = 0;
    const server = createServer((_request, response) => {
      asked += 1;
      const { status, body } = answer();
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    return { jwksUrl: `http://127.0.0.1:${port}/jwks`, asked: () => asked };
  }
  const jwkOf = async (key: CryptoKey, kid: string) => ({ ...(await exportJWK(key)), kid, alg: 'ES256' });

  test('keys are asked for once, and again for a key that is not known, but not for each guess', async () => {
    const next = await generateKeyPair('ES256', { extractable: true });
    const keys = [await jwkOf(pair.publicKey, 'one')];
    const server = await issuerWith(() => ({ status: 200, body: { keys } }));
    const find = createFindByToken({ ...common, jwksUrl: server.jwksUrl });
    const first = await token({}, 'ES256', pair.privateKey, 'one');
    await Promise.all(Array.from({ length: 10 }, () => find(first)));
    expect(server.asked()).toBe(1);
    for (let i = 0; i < 5; i += 1)
      expect(await find(await token({}, 'ES256', next.privateKey, `guess ${i}`))).toBeUndefined();
    expect(server.asked()).toBe(1);

    keys.push(await jwkOf(next.publicKey, 'two'));
    const eager = createFindByToken({ ...common, jwksUrl: server.jwksUrl, jwksCooldownMs: 0 });
    expect(await eager(first)).toMatchObject({ owner: 'ann' });
    keys.splice(0, 1);
    expect(await eager(await token({}, 'ES256', next.privateKey, 'two'))).toMatchObject({ owner: 'ann' });
  });

  test('an issuer that does not answer is not the caller’s fault', async () => {
    const server = await issuerWith(() => ({ status: 500, body: {} }));
    for (const jwksUrl of [server.jwksUrl, 'http://127.0.0.1:9/jwks']) {
      const find = createFindByToken({ ...common, jwksUrl });
      const answer = find(await token());
      await expect(answer).rejects.toThrow(expect.objectContaining({ code: 'IDENTITY_UNAVAILABLE' }));
    }
  });
});

test('with a secret, HMAC and nothing else', async () => {
  const secret = 's'.repeat(32);
  const find = createFindByToken({ ...common, secret });
  expect(await find(await token({}, 'HS256', new TextEncoder().encode(secret)))).toMatchObject({
    owner: 'ann',
  });
  expect(await find(await token())).toBeUndefined();
});

test.each<[string, Partial<JwtOptions>, RegExp]>([
  ['no key', {}, /exactly one/],
  ['two keys', { publicKey, secret: 's'.repeat(32) }, /exactly one/],
  ['a short secret', { secret: 'short' }, /32 bytes/],
  ['no PEM', { publicKey: 'x' }, /PEM/],
  ['an open line', { jwksUrl: 'http://id.example/jwks' }, /https/],
  ['no URL', { jwksUrl: 'id.example' }, /https/],
  ['an empty audience', { publicKey, audience: '' }, /audience/],
  ['a secret’s algorithm for a public key', { publicKey, algorithms: ['HS256'] }, /HS256/],
  ['no algorithm at all', { publicKey, algorithms: ['none'] }, /none/],
  ['a tolerance without end', { publicKey, clockToleranceSeconds: Number.NaN }, /clockTolerance/],
])('options: %s', (_what, options, why) => {
  expect(() => readJwtOptions({ ...common, ...options })).toThrow(
    expect.objectContaining({ code: 'BAD_JWT_OPTIONS', message: expect.stringMatching(why) }),
  );
});
