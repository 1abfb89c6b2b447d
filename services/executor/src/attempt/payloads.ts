import { PayloadError, type PayloadStore, untilAnswered } from '@longhaul/broker';
import type { Failure, PayloadRef, TaskRequest } from '@longhaul/proto/wire';
import { abortReason } from '../handler/abort.ts';
import { type Ending, endingOfAbort, failed } from '../handler/ending.ts';

type Completed = Extract<Ending, { kind: 'completed' }>;

/** A request's JSON input, or how the attempt ends without it. */
export type ReadInput =
  | { readonly ok: true; readonly input: unknown }
  | { readonly ok: false; readonly ending: Ending };

/**
 * Reads the input of a request, from the object store where it is too large for the request itself. Tries until NATS
 * answers, or the attempt is aborted.
 * @throws the reason of `shutdownDeadline`
 */
export async function readInput(
  payloads: PayloadStore,
  { input, inputRef }: TaskRequest,
  signal: AbortSignal,
  shutdownDeadline: AbortSignal,
): Promise<ReadInput> {
  if (!inputRef) return { ok: true, input };
  try {
    return { ok: true, input: await untilAnswered(() => payloads.get(inputRef), shutdownDeadline, signal) };
  } catch (error) {
    shutdownDeadline.throwIfAborted();
    if (error instanceof PayloadError)
      return { ok: false, ending: failed('INPUT_UNREADABLE', error.message) };
    if (signal.aborted) return { ok: false, ending: endingOfAbort(abortReason(signal), false) };
    throw error;
  }
}

/** The output as a `completed` event carries it, or why the attempt fails instead. */
export type WrittenOutput =
  | { readonly ok: true; readonly part: { readonly output: unknown } | { readonly outputRef: PayloadRef } }
  | { readonly ok: false; readonly error: Failure };

/**
 * Puts an output that is too large for an event into the object store, before the event that refers to it. Tries until
 * NATS answers, as an append does.
 *
 * @param name of the object: `<task id>.output.<attempt>`; a random part is added
 * @throws the reason of `shutdownDeadline`
 */
export async function writeOutput(
  payloads: PayloadStore,
  { output, large }: Completed,
  name: string,
  shutdownDeadline: AbortSignal,
): Promise<WrittenOutput> {
  if (!large) return { ok: true, part: { output } };
  const data = Buffer.from(JSON.stringify(output));
  try {
    payloads.requireNarrow(data);
    const packed = payloads.pack(name, data);
    await untilAnswered(() => payloads.put(packed), shutdownDeadline);
    return { ok: true, part: { outputRef: packed.ref } };
  } catch (error) {
    if (!(error instanceof PayloadError)) throw error;
    const message = `The output cannot be stored: ${error.message} Store it elsewhere and return a reference.`;
    return { ok: false, error: { code: 'OUTPUT_TOO_LARGE', message } };
  }
}
