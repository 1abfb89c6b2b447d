import { GatewayError } from '@longhaul/proto/wire';

/** An authenticated caller: the owner of the tasks and schedules that it creates, and its role. */
export type Caller = {
  /** The identity that tasks and schedules belong to; at most 256 characters. */
  readonly owner: string;
  /** Decides what the caller may do with tasks and schedules of other owners: see {@link permissions}. */
  readonly role: Role;
  /** When its credentials expire, in milliseconds since 1970; its streams end then. Default: never. */
  readonly expiresAtMs?: number;
  /** Aborted when its credentials are revoked; its streams end then. Default: never. */
  readonly revoked?: AbortSignal;
};

/** Invariant 8, owner-only: whether a caller may see what belongs to an owner. */
export function maySee(caller: Caller, owner: string): boolean {
  return mayDo(caller, 'seeTask', owner);
}

/** The roles of callers. Each role has all permissions of the one before it. */
export const roles = ['user', 'operator', 'admin'] as const;
/** `user`: its own tasks and schedules. `operator`: also sees and steers the tasks of others. `admin`: also changes schedules of others and pauses task types. */
export type Role = (typeof roles)[number];

/** The lowest role that may do something. `nobody`: no role may. */
type Permission = {
  readonly what: string;
  /** With tasks and schedules of the caller. */
  readonly own: Role;
  /** With those of another owner, or of no owner. */
  readonly others: Role | 'nobody';
};

/** The permissions of each role; `docs/guides/authentication.md` shows this table. */
export const permissions = {
  startTask: { what: 'start and run tasks', own: 'user', others: 'nobody' },
  seeTask: { what: 'see, list and watch tasks, and wait for results', own: 'user', others: 'operator' },
  steerTask: { what: 'cancel a task, or pause and resume it', own: 'user', others: 'operator' },
  createSchedule: { what: 'create a schedule', own: 'user', others: 'nobody' },
  seeSchedule: { what: 'see and list schedules', own: 'user', others: 'operator' },
  changeSchedule: { what: 'change, run, pause, resume and delete a schedule', own: 'user', others: 'admin' },
  pauseType: { what: 'pause and resume a task type', own: 'admin', others: 'admin' },
} as const satisfies { readonly [action: string]: Permission };

export type Action = keyof typeof permissions;

/**
 * Whether a caller may do something (invariant 8, owner-only).
 *
 * @param owner the owner of the task or schedule; without one, it has no owner
 */
export function mayDo(caller: Caller, action: Action, owner?: string): boolean {
  const { own, others }: Permission = permissions[action];
  const lowest = owner === caller.owner ? own : others;
  return lowest !== 'nobody' && roles.indexOf(caller.role) >= roles.indexOf(lowest);
}

/**
 * Requires a permission for something that the caller may see. What it may not see must be answered as unknown instead.
 * @throws GatewayError FORBIDDEN
 */
export function requirePermission(caller: Caller, action: Action, owner?: string): void {
  if (mayDo(caller, action, owner)) return;
  const { what, own, others }: Permission = permissions[action];
  const lowest = owner === caller.owner ? own : others;
  const who = lowest === 'nobody' ? 'Nobody' : `Only ${rolesFrom(lowest).map(withArticle).join(' or ')}`;
  const whose = lowest === own ? '' : " of another owner's";
  throw new GatewayError('FORBIDDEN', `${who} may ${what}${whose}.`);
}

/** The roles that are at least this one. */
export function rolesFrom(lowest: Role): readonly Role[] {
  return roles.slice(roles.indexOf(lowest));
}

function withArticle(role: Role): string {
  return role === 'user' ? 'a user' : `an ${role}`;
}
