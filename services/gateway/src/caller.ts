import { mayDo, type Role } from './auth/permissions.ts';

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
