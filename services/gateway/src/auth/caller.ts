import { GatewayError } from '@longhaul/proto/wire';

/** Who calls: the owner of what is started, and what else is allowed. */
export type Caller = {
  readonly owner: string;
  /** What it may do beside its own: see the table in `auth/permissions.ts`. */
  readonly role: Role;
  /** When its credentials end, in milliseconds since 1970. Streams end with them. Default: never. */
  readonly expiresAtMs?: number;
  /** Aborted when its credentials are taken back. Streams end with them. Default: never. */
  readonly revoked?: AbortSignal;
};

/** Invariant 8, owner-only: whether a caller may see what belongs to an owner. */
export function maySee(caller: Caller, owner: string): boolean {
  return mayDo(caller, 'seeTask', owner);
}

/** What a caller can be, each allowed everything that the one before it is. */
export const roles = ['user', 'operator', 'admin'] as const;
export type Role = (typeof roles)[number];

/** Who may do something: the lowest role that may. `nobody`: no role gives it. */
type Permission = {
  readonly what: string;
  /** With what is the caller's own. */
  readonly own: Role;
  /** With what is another owner's, or nobody's. */
  readonly others: Role | 'nobody';
};

/** The one table of who may do what; `docs/guides/authentication.md` shows it. */
export const permissions = {
  startTask: { what: 'start and run tasks', own: 'user', others: 'nobody' },
  seeTask: { what: 'see, list and watch tasks, and wait for results', own: 'user', others: 'operator' },
  steerTask: { what: 'cancel a task, or pause and resume it', own: 'user', others: 'operator' },
  createSchedule: { what: 'create a schedule', own: 'user', others: 'nobody' },
  seeSchedule: { what: 'see and list schedules', own: 'user', others: 'operator' },
  changeSchedule: { what: 'change, run, pause, resume and delete a schedule', own: 'user', others: 'admin' },
  pauseType: { what: 'pause and resume a task name for localAdministrator', own: 'admin', others: 'admin' },
} as const satisfies { readonly [action: string]: Permission };

export type Action = keyof typeof permissions;

/**
 * Whether a caller may do something (invariant 8, owner-only).
 *
 * @param owner whose task or schedule it is done to; without one, it is nobody's
 */
export function mayDo(caller: Caller, action: Action, owner?: string): boolean {
  const { own, others }: Permission = permissions[action];
  const lowest = owner === caller.owner ? own : others;
  return lowest !== 'nobody' && roles.indexOf(caller.role) >= roles.indexOf(lowest);
}

/**
 * For what the caller may see and yet not change. What it may not even see has to be answered as unknown instead.
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
