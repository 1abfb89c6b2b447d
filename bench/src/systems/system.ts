/** A process of a system under test. */
export type ServiceProcess = {
  readonly pid: number;
  /** Resolves with the next message of this kind that the process sends. */
  readonly next: (kind: string) => Promise<unknown>;
  /** Asks it to end in good order (SIGTERM) and waits until it has. */
  readonly stop: () => Promise<void>;
  /** Ends it without a chance to say goodbye (SIGKILL) and waits until it is gone. */
  readonly kill: () => Promise<void>;
};

export type WorkerOptions = {
  /** How many tasks one worker runs at once. */
  readonly concurrency: number;
  /** How long a lost worker's lock holds, where that can be chosen. Default: the system's own. */
  readonly lockMs?: number;
};

/**
 * A system under test: its broker, one gateway process, and workers to be added. Both systems answer the same tRPC
 * paths with the same inputs, so one client measures either.
 */
export type System = {
  /** Where its tRPC API is reached: `http://127.0.0.1:41234`. */
  readonly url: string;
  readonly gateway: ServiceProcess;
  readonly brokerPid: number;
  readonly startWorker: (options: WorkerOptions) => Promise<ServiceProcess>;
  /** Ends everything that was started and removes its files. */
  readonly [Symbol.asyncDispose]: () => Promise<void>;
};

export type OpenOptions = {
  /** Where the services leave a CPU profile when they end (`--cpu-prof`). Default: none is taken. */
  readonly profileDir?: string;
};

/** One of the systems to compare. */
export type SystemKind = {
  readonly name: 'longhaul' | 'bullmq';
  readonly title: string;
  readonly open: (options: OpenOptions) => Promise<System>;
};
