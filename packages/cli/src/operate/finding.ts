import type { Broker } from '@longhaul/broker';

/** What a check found. */
export type Finding = {
  /** Which check. */
  readonly check: string;
  /** `note`: it works, and is worth a look. */
  readonly level: 'good' | 'note' | 'wrong';
  readonly says: string;
  /** What to do. */
  readonly advice?: string;
};

/** What checks look at. */
export type CheckContext = {
  readonly broker: Broker;
  /** The address of NATS, as it was given. */
  readonly where: string;
  /** A task that waits for longer is worth a note. */
  readonly waitingMs: number;
};

/** One check: it looks, changes nothing, and says what it found. */
export type Check = {
  readonly check: string;
  readonly run: (context: CheckContext) => Promise<readonly Omit<Finding, 'check'>[]>;
};
