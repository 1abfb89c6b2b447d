/** The nats-server of one test run; tests keep apart by namespace. */
export interface TestNats {
  url: string;
  kind: 'container' | 'binary';
  /** Such as `nats-server 2.15.1, embedded binary (cache)`. */
  describe: string;
  stop(): Promise<void>;
}
