/** How many deliveries of one attempt have fences of their own. */
const deliveriesPerAttempt = 2 ** 20;

/**
 * The fencing token of a handler's run: see `TaskContext.fence`.
 *
 * The number of the attempt alone is not enough. A first `started` is held back for some milliseconds; an executor that is
 * lost meanwhile has called its handler as attempt 1, and the next one finds an empty log, and calls its own as attempt 1
 * too. But that one has a later delivery of the request, and the server counts these.
 */
export function fenceOf(attempt: number, deliveries: number): number {
  return attempt * deliveriesPerAttempt + Math.min(deliveries, deliveriesPerAttempt - 1);
}
