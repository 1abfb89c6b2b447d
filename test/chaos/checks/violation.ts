import type { Evidence } from '../evidence.ts';

/** Something that must not be. */
export type Violation = {
  /** The invariant, by its name in the design. */
  readonly invariant: string;
  readonly taskId?: string | undefined;
  readonly what: string;
};
/** Looks for violations of one invariant. */
export type Check = (evidence: Evidence) => Violation[];
