import { createHash } from 'node:crypto';
import { keyedTaskId as keyedTaskIdOf } from '@longhaul/broker';
import { taskIdSchema } from '@longhaul/proto/wire';
import fc from 'fast-check';
import { version } from 'uuid';
import { describe, expect, test } from 'vitest';
import { newTaskId } from './idempotency.ts';

const idSecret = new Uint8Array(32).fill(7);
const keyedTaskId = (owner: string, name: string, key: string) =>
  keyedTaskIdOf({ idSecret }, owner, name, key);
const text = fc.string({ unit: 'binary', minLength: 1 });

describe('a new id', () => {
  test('is a UUID of version 7 that the wire takes, and never comes twice', () => {
    const ids = Array.from({ length: 1_000 }, newTaskId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) {
      expect(version(id)).toBe(7);
      expect(taskIdSchema.parse(id)).toBe(id);
    }
  });

  test('sorts behind those made before', () => {
    const ids = Array.from({ length: 1_000 }, newTaskId);
    expect(ids.toSorted()).toEqual(ids);
  });
});

describe('the id of a key', () => {
  test('is a UUID of version 8 that the wire takes, always the same', () => {
    fc.assert(
      fc.property(text, text, text, (owner, name, key) => {
        const id = keyedTaskId(owner, name, key);
        expect(version(id)).toBe(8);
        expect(taskIdSchema.parse(id)).toBe(id);
        expect(keyedTaskId(owner, name, key)).toBe(id);
      }),
    );
  });

  test('is the same on every gateway, of any release', () => {
    expect(keyedTaskId('alice', 'demo.count', 'k1')).toMatchInlineSnapshot(
      `"4c0807f1-6fc2-8808-b838-2504f940958c"`,
    );
  });

  test('cannot be worked out without the secret of the deployment', () => {
    const parts = ['alice', 'demo.count', 'k1'] as const;
    expect(() => keyedTaskIdOf({}, ...parts)).toThrow(/Only a gateway/);
    const other = new Uint8Array(32).fill(8);
    expect(keyedTaskIdOf({ idSecret: other }, ...parts)).not.toBe(keyedTaskId(...parts));
    // What anybody could hash.
    const unkeyed = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
    expect(keyedTaskId(...parts).slice(0, 8)).not.toBe(unkeyed.slice(0, 8));
  });

  test('is another for another owner, name or key, however they are cut', () => {
    const parts = fc.tuple(text, text, text);
    fc.assert(
      fc.property(fc.uniqueArray(parts, { selector: part => JSON.stringify(part), maxLength: 20 }), given => {
        expect(new Set(given.map(part => keyedTaskId(...part))).size).toBe(given.length);
      }),
    );
    expect(keyedTaskId('a', 'bc', 'd')).not.toBe(keyedTaskId('ab', 'c', 'd'));
    expect(keyedTaskId('a","b', 'c', 'd')).not.toBe(keyedTaskId('a', 'b","c', 'd'));
  });
});
