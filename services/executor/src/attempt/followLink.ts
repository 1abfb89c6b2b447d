import type { NatsConnection } from '@nats-io/nats-core';
import type { Logger } from 'pino';
import { LinkWatch } from '../queue/linkWatch.ts';
import type { Attempt } from './attempt.ts';

/** What happens to running handlers when NATS does not answer their executor: see `ExecutorOptions.onCutOff`. */
export type OnCutOff = 'abort' | 'continue';

/** What {@link followLink} needs. */
export type FollowLinkOptions = {
  readonly nc: NatsConnection;
  readonly logger: Logger;
  readonly attempts: () => Iterable<Attempt>;
  readonly onCutOff: OnCutOff;
  /** Called when NATS answers again. */
  readonly onHeard: () => void;
};

/**
 * Watches whether NATS answers, and acts for the running attempts.
 *
 * Invariant 5, cancel-means-stop: a gateway that hears nothing of an executor records `CANCELED` after a while, and
 * another executor takes a task over. Neither can reach the handler here, so it has to be aborted here.
 */
export function followLink({ nc, logger, attempts, onCutOff, onHeard }: FollowLinkOptions): LinkWatch {
  const executing = () => [...attempts()].filter(({ isExecuting }) => isExecuting);
  const link = new LinkWatch({
    ask: async () => nc.flush(),
    onHeard: wasCutOff => {
      // Those that were held back: at once, since `ack_wait` may be nearly over.
      for (const attempt of attempts()) attempt.heartbeat();
      // The logs are read again at the reconnect, which a cut-off leads to.
      if (wasCutOff) logger.info('NATS answers again');
      onHeard();
    },
    onCutOff: () => {
      if (nc.isClosed()) return;
      const handlers = executing();
      const tasks = handlers.map(({ id }) => id).slice(0, 20);
      logger.warn(
        { handlers: handlers.length, tasks },
        onCutOff === 'abort'
          ? 'NATS does not answer: running handlers are aborted, since other executors may run their tasks'
          : 'NATS does not answer: handlers run on, and other executors may run their tasks as well',
      );
      if (onCutOff === 'abort') for (const attempt of handlers) attempt.cutOff();
      // A connection that is dead without an error is given up: in a cluster, another server may answer.
      void nc.reconnect().catch(() => {});
    },
  });
  link.start();
  return link;
}
