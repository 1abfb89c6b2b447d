import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type EncodedInput, pace } from '@longhaul/broker';
import { GatewayError } from '@longhaul/proto/wire';
import type { FromThread, ToThread } from './messages.ts';
import { type BodyShape, inputsIn } from './shapes.ts';
import { TextPlaces } from './texts.ts';

// Beside this file, and with its ending: it may have been compiled.
const threadEntry = new URL(`./jsonThread${extname(import.meta.url)}`, import.meta.url);
/** How much is handed to the thread at a time. */
const partBytes = 512 * 1024;

/** A large body that was read. */
export type LargeBody = {
  readonly value: unknown;
  /** The JSON of an input that is a part of the value, by identity; `undefined`: it is none. */
  readonly encoded: (input: unknown) => EncodedInput | undefined;
};

/** The body is not JSON. */
export class NotJsonError extends Error {
  override readonly name = 'NotJsonError';
}

type Pending = PromiseWithResolvers<FromThread>;

/**
 * Parses large bodies, and writes the inputs in them as they are stored, in a thread: for a body of 64 MB that is more than
 * half a second of work, in steps that nothing can interrupt. What comes back is copied in small batches, over many turns
 * of the event loop. One thread for all bodies, so that they do not take more than one processor.
 */
export class LargeBodies {
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | undefined;
  #lastId = 0;

  /**
   * @param chunks the bytes of the body
   * @throws NotJsonError; GatewayError OVERLOADED when the thread ended, which may be for want of memory
   */
  async read(chunks: readonly Uint8Array[], shape: BodyShape): Promise<LargeBody> {
    const worker = this.#running();
    this.#lastId += 1;
    const id = this.#lastId;
    for (const bytes of inParts(chunks)) {
      await pace(bytes.length);
      // A copy, since what arrived from a socket shares its memory with other requests.
      const part = new Uint8Array(bytes);
      send(worker, { kind: 'part', id, bytes: part }, [part.buffer]);
    }
    const answer = await this.#ask(worker, { kind: 'read', id, shape });
    if (answer.kind === 'notJson') throw new NotJsonError(answer.why);
    if (answer.kind !== 'read') throw unexpected(answer);
    const { outline, batches, inputs } = answer;
    const places = new TextPlaces(outline.places);
    for (let batch = 0; batch < batches; batch += 1) {
      const next = await this.#ask(worker, { kind: 'next', id });
      if (next.kind !== 'texts') throw unexpected(next);
      places.put(next.texts);
    }
    const { value } = outline.holder;
    return { value, encoded: encodedIn(value, shape, inputs) };
  }

  /** Ends the thread. Bodies that are being read fail. */
  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #running(): Worker {
    if (this.#worker) return this.#worker;
    const worker = new Worker(threadEntry, { name: 'large bodies' });
    worker.on('message', (message: FromThread) => {
      const pending = this.#pending.get(message.id);
      this.#pending.delete(message.id);
      pending?.resolve(message);
    });
    // For as long as it lives: an error without a listener would end the process.
    worker.on('error', () => {});
    worker.once('exit', () => {
      if (this.#worker === worker) this.#worker = undefined;
      const lost = [...this.#pending.values()];
      this.#pending.clear();
      for (const { reject } of lost) reject(threadLost());
    });
    // It keeps no process alive that has nothing else to do. Last, since a listener undoes it.
    worker.unref();
    this.#worker = worker;
    return worker;
  }

  #ask(worker: Worker, question: ToThread): Promise<FromThread> {
    // It ended between two questions, and a question would get no answer.
    if (this.#worker !== worker) return Promise.reject(threadLost());
    const pending = Promise.withResolvers<FromThread>();
    this.#pending.set(question.id, pending);
    send(worker, question);
    return pending.promise;
  }
}

function send(worker: Worker, message: ToThread, transferred: ArrayBuffer[] = []): void {
  worker.postMessage(message, transferred);
}

function* inParts(chunks: readonly Uint8Array[]): Generator<Uint8Array> {
  for (const chunk of chunks)
    for (let at = 0; at < chunk.length; at += partBytes) yield chunk.subarray(at, at + partBytes);
}

function encodedIn(value: unknown, shape: BodyShape, inputs: readonly EncodedInput[]): LargeBody['encoded'] {
  const objects = new Map<object, EncodedInput>();
  const others: [unknown, EncodedInput][] = [];
  inputsIn(value, shape).forEach((input, at) => {
    const encoded = inputs[at];
    if (!encoded) return;
    if (typeof input === 'object' && input !== null) objects.set(input, encoded);
    else others.push([input, encoded]);
  });
  return input =>
    typeof input === 'object' && input !== null
      ? objects.get(input)
      : others.find(([other]) => other === input)?.[1];
}

function threadLost(): GatewayError {
  return new GatewayError(
    'OVERLOADED',
    'The gateway could not read the large request. Try again in a moment, or pass a reference (a path or URL) instead of the data itself.',
  );
}

function unexpected({ kind }: FromThread): Error {
  return new Error(`The thread for large bodies answered with ${kind}.`);
}
