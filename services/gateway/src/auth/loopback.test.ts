import { describe, expect, test } from 'vitest';
import { foreignRequestReason, isLoopbackHost } from './loopback.ts';

test.each(['localhost', 'LocalHost', '127.0.0.1', '127.255.0.3', '::1', '[::1]', '0:0:0:0:0:0:0:1'])(
  '%s is this machine',
  host => expect(isLoopbackHost(host)).toBe(true),
);
test.each([
  '',
  '0.0.0.0',
  '::',
  '10.0.0.1',
  'example.org',
  'localhost.example.org',
  '127.0.0.1.example.org',
  'localhost.',
  '::ffff:10.0.0.1',
  '[::1',
])('"%s" is not', host => expect(isLoopbackHost(host)).toBe(false));

describe('a gateway without authentication', () => {
  const host = '127.0.0.1:8080';
  test.each<[string, Record<string, string>]>([
    ['a program', { host }],
    ['by name', { host: 'localhost:8080' }],
    ['by IPv6', { host: '[::1]:8080' }],
    ['a page of its own', { host, origin: 'http://127.0.0.1:8080', 'sec-fetch-site': 'same-origin' }],
    ['a development server', { host, origin: 'http://localhost:5173', 'sec-fetch-site': 'cross-site' }],
    ['a link from elsewhere', { host, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }],
  ])('serves %s', (_what, headers) => expect(foreignRequestReason(headers)).toBeUndefined());

  test.each<[string, Record<string, string>]>([
    ['a rebound name', { host: 'evil.example:8080' }],
    ['a rebound name of an own page', { host: 'evil.example', origin: 'http://evil.example' }],
    ['no host', {}],
    ['a host that is none', { host: 'localhost:x' }],
    ['a user before the host', { host: '127.0.0.1@evil.example' }],
    ['a page of elsewhere', { host, origin: 'https://evil.example' }],
    ['a page that looks like ours', { host, origin: 'http://127.0.0.1.evil.example' }],
    ['a sandboxed frame', { host, origin: 'null' }],
    [
      'a picture in a page of elsewhere',
      { host, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' },
    ],
  ])('refuses %s', (_what, headers) => expect(foreignRequestReason(headers)).toMatch(/no authentication/));
});
