import { AsyncLocalStorage } from 'node:async_hooks';

/** What is known of the request that is being served, wherever the code is. */
export type RequestScope = {
  /** What its answer carries as `X-Request-Id`, and its log lines as `requestId`. */
  readonly requestId: string;
  /** The trace that the caller belongs to, as it sent it. */
  readonly traceparent: string | undefined;
};

/** Empty outside of requests: in the projection, in firings of schedules. */
export const requestScope = new AsyncLocalStorage<RequestScope>();
