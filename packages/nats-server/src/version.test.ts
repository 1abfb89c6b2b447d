import { expect, test } from 'vitest';
import { isRecentEnough, parseVersion } from './version.ts';

test.each([
  ['nats-server: v2.15.1', '2.15.1'],
  ['nats-server: v2.14.0-RC.1', '2.14.0-RC.1'],
  ['nats-server: 2.9.10', '2.9.10'],
  ['nginx version: nginx/1.22.1', undefined],
  ['', undefined],
])('%j says version %j', (text, version) => {
  expect(parseVersion(text)).toBe(version);
});

test.each([
  ['2.14.0', true],
  ['2.14.9', true],
  ['2.15.0-RC.1', true],
  ['3.0.0', true],
  ['2.14.0-RC.2', false],
  ['2.13.99', false],
  ['2.9.10', false],
  ['1.99.0', false],
])('%s is recent enough: %s', (version, recent) => {
  expect(isRecentEnough(version)).toBe(recent);
});
