import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ownerToken, taskIdSchema, taskTypeSchema } from './names.ts';

/** What a key of a NATS KV bucket may be made of (ADR-8), without the dot, which would make two tokens. */
const kvToken = /^[-/_=A-Za-z0-9]+$/;
const owner = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 256 }),
  fc.string(),
  fc.emailAddress(),
  fc.webUrl(),
);

describe('the token of an owner', () => {
  test.each([
    ['alice', 'alice'],
    ['Bob_the-2nd', 'Bob_the-2nd'],
    ['a@b.example', '=YUBiLmV4YW1wbGU'],
    ['', '='],
    ['=', '=PQ'],
    ['*', '=Kg'],
    ['é', '=w6k'],
  ])('of "%s" is %s', (given, token) => {
    expect(ownerToken(given)).toBe(token);
  });

  test('is one token that a bucket takes', () => {
    fc.assert(
      fc.property(owner, given => {
        expect(ownerToken(given)).toMatch(kvToken);
      }),
    );
  });

  test('is never that of another owner', () => {
    fc.assert(
      fc.property(fc.uniqueArray(owner, { maxLength: 40 }), owners => {
        expect(new Set(owners.map(ownerToken)).size).toBe(owners.length);
      }),
    );
  });

  test('is not that of an owner who is called like a token', () => {
    fc.assert(
      fc.property(owner, given => {
        const token = ownerToken(given);
        if (token !== given) expect(ownerToken(token)).not.toBe(token);
      }),
    );
  });
});

describe('task names', () => {
  test.each(['a', 'audio.transcribe', 'A1_b.C', 'a.b.c.d.e'])('"%s" is one', name => {
    expect(taskTypeSchema.safeParse(name).success).toBe(true);
  });
  test.each(['', '.', 'a.', '.a', 'a..b', 'a b', 'a*', '>', '1a', '_a', 'a.1b', 'a\n', 'é', 'x'.repeat(256)])(
    '"%s" is none',
    name => {
      expect(taskTypeSchema.safeParse(name).success).toBe(false);
    },
  );
});

test.each([
  ['01890000-0000-7000-8000-000000000000', '01890000-0000-7000-8000-000000000000'],
  ['01890000-0000-8000-8000-00000000000A', '01890000-0000-8000-8000-00000000000a'],
  ['01890000-0000-7000-8000-00000000000', undefined],
  ['*', undefined],
  ['', undefined],
])('the id %s is read as %s', (given, id) => {
  expect(taskIdSchema.safeParse(given).data).toBe(id);
});
