import { heartbeatMs } from '@longhaul/proto';
import type { RequestMessage } from '../take/requestMessage.ts';

/** Says that a request is worked on until it is stopped, so that it is not delivered to another executor. */
export function startHeartbeat(message: () => RequestMessage): { stop(): void } {
  const timer = setInterval(() => message().heartbeat(), heartbeatMs);
  return { stop: () => clearInterval(timer) };
}
