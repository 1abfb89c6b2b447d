/** What a way to get a nats-server works with. */
export interface WayContext {
  /** An empty folder of its own; removed afterwards. */
  workDir: string;
  env: NodeJS.ProcessEnv;
  /** Gets a line about what is being done. */
  say: (line: string) => void;
}

/** A way to get a nats-server onto this machine. */
export interface WayToGet {
  /** Named in `source` and in the error that lists the ways. */
  readonly name: string;
  /**
   * Gets a binary into the work folder and returns its path. After a failure the next way is tried, unless it is a
   * `NatsServerError` `NATS_SERVER_CHECKSUM_MISMATCH`: what was tampered with must not be hidden by a way that works.
   */
  get(context: WayContext): Promise<string>;
}
