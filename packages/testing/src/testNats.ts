/** The nats-server of one test run; tests keep apart by namespace. */
export interface TestNats {
  /** Where it listens: `nats://127.0.0.1:43187`. */
  url: string;
  /** Whether it runs in a container or as a process of this machine. */
  kind: 'container' | 'binary';
  /** Such as `nats-server 2.15.1, embedded binary (cache)`. */
  describe: string;
  /** Ends it, where it was started for this run. */
  stop(): Promise<void>;
}
