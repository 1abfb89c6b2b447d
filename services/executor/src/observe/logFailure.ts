import type { Failure } from '@longhaul/proto';
import type { Logger } from 'pino';

/** Which attempt of which task. */
export type LoggedAttempt = { readonly taskId: string; readonly task: string; readonly attempt: number };

/**
 * Says at `warn` why an attempt failed, with stack and causes: callers may not see those. As it is written on the wire,
 * so that no code of what the handler threw runs in the logger. Data of declared errors is the caller's, and no log's.
 */
export function logFailure(logger: Logger, attempt: LoggedAttempt, failure: Failure): void {
  const { data: _data, ...err } = failure;
  logger.warn({ ...attempt, err }, 'an attempt failed');
}
