/** Who calls: the owner of what is started, and what else is allowed. */
export type Caller = {
  readonly owner: string;
  /** `user`: own tasks only. `operator`: sees and cancels all. `admin`: everything. */
  readonly role: 'user' | 'operator' | 'admin';
};

/** Invariant 8, owner-only: whether a caller may see and cancel what belongs to an owner. */
export function maySee(caller: Caller, owner: string): boolean {
  return caller.role !== 'user' || caller.owner === owner;
}
