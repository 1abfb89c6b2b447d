import { eventSchema, kindOfEvent, type StoredEvent } from '@longhaul/proto/wire';
import { PubHeaders } from '@nats-io/jetstream';
import type { MsgHdrs } from '@nats-io/transport-node';
import type { Broker } from './broker.ts';

/** What is wrong with a message of an event log, and where. */
export type EventProblem = {
  /** The subject of the message. */
  readonly subject: string;
  /** Its sequence in the stream. */
  readonly seq: number;
  /** The task, where the subject names one. */
  readonly taskId: string | undefined;
  /** The field of the event, as `error.message`; empty: the whole of it. */
  readonly path: string;
  /** What is wrong, for people. */
  readonly problem: string;
};

/**
 * A message of an event log as it is stored. Any client with the right to publish may have written it: one that does not
 * fit the protocol has its place in the order, which the next append must follow, and means nothing else.
 */
export type LogEntry =
  | { readonly seq: number; readonly stored: StoredEvent; readonly malformed?: undefined }
  | { readonly seq: number; readonly stored?: undefined; readonly malformed: EventProblem };

const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads a stored or republished message by its subject, its schema and its headers. Only a message that was appended to
 * its task's log is an event of it: the server has compared the predecessor that it names with the log's end. A decision
 * reads the last event alone, so a message that anybody published in between must not be taken for one.
 *
 * @param headers the message's headers, which the server keeps in what it stores and republishes
 */
export function toLogEntry(
  broker: Broker,
  subject: string,
  seq: number,
  data: Uint8Array,
  headers: MsgHdrs | undefined,
): LogEntry {
  const address = broker.topology.subjects.parseEvent(subject);
  const malformed = (path: string, problem: string): LogEntry => ({
    seq,
    malformed: { subject, seq, taskId: address?.id, path, problem },
  });
  if (!address)
    return malformed('', 'Its subject is none of an event: <namespace>.event.<id>.<kind>.<type>.');
  let json: unknown;
  try {
    json = JSON.parse(decoder.decode(data));
  } catch {
    return malformed('', 'It is not JSON.');
  }
  const parsed = eventSchema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return malformed(issue?.path.join('.') ?? '', issue?.message ?? 'It does not fit its schema.');
  }
  const { id, name, kind } = address;
  const event = parsed.data;
  if (kindOfEvent(event.type) !== kind)
    return malformed('type', `An event ${event.type} belongs to kind ${kindOfEvent(event.type)}.`);
  if (!namesPredecessor(headers, broker.topology.subjects.eventsOf(id)))
    return malformed(
      '',
      `It was not appended to the task's log: ${PubHeaders.ExpectedLastSubjectSequenceHdr} and ${PubHeaders.ExpectedLastSubjectSequenceSubjectHdr} have to name its predecessor.`,
    );
  return { seq, stored: { seq, id, name, event } };
}

function namesPredecessor(headers: MsgHdrs | undefined, log: string): boolean {
  if (!headers?.has(PubHeaders.ExpectedLastSubjectSequenceHdr)) return false;
  return headers.get(PubHeaders.ExpectedLastSubjectSequenceSubjectHdr) === log;
}

/** Reads an event. `undefined`: it does not fit the protocol. */
export function toStoredEvent(
  broker: Broker,
  subject: string,
  seq: number,
  data: Uint8Array,
  headers: MsgHdrs | undefined,
): StoredEvent | undefined {
  return toLogEntry(broker, subject, seq, data, headers).stored;
}
