import type { TRPCLink } from '@trpc/client';
import type { AnyTRPCRouter } from '@trpc/server';
import { observable } from '@trpc/server/observable';

/**
 * Sends calls that are made together through one link, and a call that is made alone through another.
 *
 * Batches are for many calls at once: they share a request and its connection. A call alone gains nothing from them,
 * and would wait for the batch to close and have its answer read as a stream, which takes longer than the call.
 *
 * Together means: in the same run of the event loop's current task, with the promises that settle in it.
 */
export function aloneOrBatched<R extends AnyTRPCRouter>(links: {
  readonly alone: TRPCLink<R>;
  readonly batched: TRPCLink<R>;
}): TRPCLink<R> {
  return runtime => {
    const alone = links.alone(runtime);
    const batched = links.batched(runtime);
    let waiting: ((link: typeof alone) => void)[] = [];
    const sendAll = () => {
      const calls = waiting;
      waiting = [];
      const link = calls.length === 1 ? alone : batched;
      for (const send of calls) send(link);
    };
    return ({ op, next }) =>
      observable(observer => {
        let hasLeft = false;
        let leave = () => {};
        waiting.push(link => {
          if (!hasLeft) leave = link({ op, next }).subscribe(observer).unsubscribe;
        });
        if (waiting.length === 1) queueMicrotask(sendAll);
        return () => {
          hasLeft = true;
          leave();
        };
      });
  };
}
