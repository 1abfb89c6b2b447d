import type { TRPCLink } from '@trpc/client';
import type { AnyTRPCRouter } from '@trpc/server';
import { observable } from '@trpc/server/observable';

/**
 * Sends calls that are made together through one link, and a call that is made alone through another.
 *
 * Batches are for many calls at once: they share a request and its connection. A call alone gains nothing from them,
 * and would wait for the batch to close and have its answer read as a stream, which takes longer than the call.
 *
 * A large call is sent alone in any case: a gateway takes no large batches.
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
    let waiting: { readonly isLarge: boolean; readonly send: (link: typeof alone) => void }[] = [];
    const sendAll = () => {
      const calls = waiting;
      waiting = [];
      const together = calls.filter(({ isLarge }) => !isLarge);
      for (const { send, isLarge } of calls) send(isLarge || together.length === 1 ? alone : batched);
    };
    return ({ op, next }) =>
      observable(observer => {
        let hasLeft = false;
        let leave = () => {};
        const send = (link: typeof alone) => {
          if (!hasLeft) leave = link({ op, next }).subscribe(observer).unsubscribe;
        };
        waiting.push({ isLarge: isLarge(op.input), send });
        if (waiting.length === 1) queueMicrotask(sendAll);
        return () => {
          hasLeft = true;
          leave();
        };
      });
  };
}

/** A hundred calls that are smaller make a batch that gateways take: they refuse those over 8 MiB. */
const largeChars = 64 * 1024;
/** What has more values is large as well, and is not looked at to its end. */
const mostValues = 2_000;

/** Whether the texts and names in a value have more characters than a call in a batch should have. */
function isLarge(input: unknown): boolean {
  let chars = 0;
  let values = 0;
  const open: unknown[] = [input];
  while (open.length > 0) {
    const value = open.pop();
    values += 1;
    if (typeof value === 'string') chars += value.length;
    if (typeof value === 'object' && value !== null)
      for (const [name, member] of Object.entries(value)) {
        chars += name.length;
        open.push(member);
        if (open.length > mostValues) return true;
      }
    if (chars > largeChars || values > mostValues) return true;
  }
  return false;
}
