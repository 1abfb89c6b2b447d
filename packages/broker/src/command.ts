import type { CommandRole } from '@longhaul/proto/wire';
import { createInbox, type Msg } from '@nats-io/nats-core';
import type { z } from 'zod';
import type { Broker } from './broker.ts';
import { isNoResponders } from './brokerErrors.ts';
import { decode, encode } from './codec.ts';

/**
 * Commands over core NATS: requests to executors whose reply subject proves who sent them (see `wire/commands.ts` of
 * the protocol). Everything that sends or takes a command goes through here.
 */

/** A reply subject of its own for each command: an answer that comes late belongs to none that follows. */
function answerSubject({ topology, role }: Broker): string {
  return createInbox(topology.subjects.answers(role));
}

/** Sends a command and waits for its answer. @throws NATS's error: no subscriber, or no answer in time */
export function askCommand(
  broker: Broker,
  subject: string,
  command: unknown,
  timeoutMs: number,
): Promise<Msg> {
  return broker.nc.request(subject, encode(command), {
    timeout: timeoutMs,
    noMux: true,
    reply: answerSubject(broker),
  });
}

/** Sends a command that is not answered. Its reply subject only says who sent it. */
export function sendCommand(broker: Broker, subject: string, command: unknown): void {
  broker.nc.publish(subject, encode(command), { reply: answerSubject(broker) });
}

/** How long `askAll` waits. */
export type AskAllOptions = {
  /** Milliseconds after an answer in which the next one has to come. */
  readonly stallMs: number;
  /** Milliseconds in all. */
  readonly maxWaitMs: number;
  readonly maxAnswers: number;
};

/** Asks all subscribers, and collects the answers; none without subscribers. */
export async function askAll(broker: Broker, subject: string, options: AskAllOptions): Promise<Msg[]> {
  const reply = answerSubject(broker);
  const answers: Msg[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let stalled = setTimeout(resolve, options.maxWaitMs);
  const overall = setTimeout(resolve, options.maxWaitMs);
  const subscription = broker.nc.subscribe(reply, {
    callback: (error, message) => {
      if (error) return isNoResponders(error) ? resolve() : reject(error);
      if (message.data.length === 0 && message.headers?.code === 503) return resolve();
      answers.push(message);
      if (answers.length >= options.maxAnswers) return resolve();
      clearTimeout(stalled);
      stalled = setTimeout(resolve, options.stallMs);
    },
  });
  try {
    broker.nc.publish(subject, undefined, { reply });
    await promise;
  } finally {
    clearTimeout(stalled);
    clearTimeout(overall);
    subscription.unsubscribe();
  }
  return answers;
}

/** Where a refused command is written down. */
export type CommandLog = { warn(fields: object, message: string): void };

/**
 * Reads a command: its sender by the reply subject, its payload by a strict schema.
 *
 * What the server publishes for a third party never gets through. It delivers stored messages with a reply below
 * `$JS.ACK.`, and answers without any; only the sender of a message chooses its reply, and who may send on a
 * command's subject is in the permissions.
 *
 * @returns `undefined`: it was refused, and that is in the log
 */
export function readCommand<S extends z.ZodType>(
  broker: Broker,
  log: CommandLog,
  schema: S,
  { subject, reply, data }: Pick<Msg, 'subject' | 'reply' | 'data'>,
  from: readonly CommandRole[],
): z.output<S> | undefined {
  const { subjects } = broker.topology;
  if (!from.some(role => reply?.startsWith(`${subjects.answers(role)}.`))) {
    log.warn({ subject, reply }, `a command that does not come from a ${from.join(' or ')} was refused`);
    return undefined;
  }
  try {
    return decode(schema, subject, data);
  } catch (err) {
    log.warn({ err, subject }, 'a command that does not fit the protocol was refused');
    return undefined;
  }
}
