import { GatewayError } from '@longhaul/proto/wire';
import { describe, expect, test } from 'vitest';
import type { Caller } from './caller.ts';
import { type Action, mayDo, permissions, type Role, requirePermission, roles } from './caller.ts';

const ann = (role: Role): Caller => ({ owner: 'ann', role });

/** Who may, with their own things and with others', written out: the table must not change unseen. */
const expected: { readonly [A in Action]: readonly [own: readonly Role[], others: readonly Role[]] } = {
  startTask: [['user', 'operator', 'admin'], []],
  seeTask: [
    ['user', 'operator', 'admin'],
    ['operator', 'admin'],
  ],
  steerTask: [
    ['user', 'operator', 'admin'],
    ['operator', 'admin'],
  ],
  createSchedule: [['user', 'operator', 'admin'], []],
  seeSchedule: [
    ['user', 'operator', 'admin'],
    ['operator', 'admin'],
  ],
  changeSchedule: [['user', 'operator', 'admin'], ['admin']],
  pauseType: [['admin'], ['admin']],
};

describe.each(Object.keys(permissions) as Action[])('%s', action => {
  test('own and others', () => {
    const [own, others] = expected[action];
    expect(roles.filter(role => mayDo(ann(role), action, 'ann'))).toEqual(own);
    expect(roles.filter(role => mayDo(ann(role), action, 'bob'))).toEqual(others);
    expect(roles.filter(role => mayDo(ann(role), action))).toEqual(others);
  });
});

test('nobody changes what they cannot see', () => {
  for (const role of roles) {
    for (const owner of ['ann', 'bob']) {
      if (mayDo(ann(role), 'steerTask', owner)) expect(mayDo(ann(role), 'seeTask', owner)).toBe(true);
      if (mayDo(ann(role), 'changeSchedule', owner))
        expect(mayDo(ann(role), 'seeSchedule', owner)).toBe(true);
    }
  }
});

test('an owner is compared whole, not by its looks', () => {
  expect(mayDo(ann('user'), 'seeTask', 'Ann')).toBe(false);
  expect(mayDo(ann('user'), 'seeTask', 'ann ')).toBe(false);
  expect(mayDo({ owner: 'ann', role: 'root' as Role }, 'seeTask', 'bob')).toBe(false);
});

test('a refusal says who may', () => {
  const refusal = (role: Role, action: Action, owner?: string) => {
    try {
      requirePermission(ann(role), action, owner);
    } catch (error) {
      return error instanceof GatewayError ? `${error.code}: ${error.message}` : String(error);
    }
    return 'none';
  };
  expect(refusal('operator', 'pauseType')).toBe('FORBIDDEN: Only an admin may pause and resume a task type.');
  expect(refusal('operator', 'changeSchedule', 'bob')).toBe(
    "FORBIDDEN: Only an admin may change, run, pause, resume and delete a schedule of another owner's.",
  );
  expect(refusal('admin', 'changeSchedule', 'bob')).toBe('none');
});
