import { eventLogVersion, eventLogVersionKey } from '@longhaul/proto/wire';
import type { StreamConfig } from '@nats-io/jetstream';

/** An event stream that another version of Longhaul has made, and that this one cannot read. */
export class EventLogVersionError extends Error {
  override readonly name = 'EventLogVersionError';
  readonly code = 'EVENT_LOG_VERSION';
}

/**
 * Checks that an event stream that exists is one of this version. Version 0.1 put all events of a task under one
 * subject, so its streams say nothing of a version. One that never held an event is simply taken over.
 *
 * @throws EventLogVersionError saying what to do
 */
export function requireEventLogVersion({ name, metadata }: StreamConfig, lastSeq: number): void {
  const found = metadata?.[eventLogVersionKey];
  if (found === eventLogVersion || (found === undefined && lastSeq === 0)) return;
  const made =
    found === undefined
      ? 'was made by Longhaul 0.1, whose event log has another form'
      : `has an event log of version ${found}, not ${eventLogVersion}`;
  throw new EventLogVersionError(
    `The stream ${name} ${made}. Nothing in it was changed. Use another namespace, which begins with new streams; or let its tasks end, back it up with \`nats stream backup ${name} <folder>\` if you want to keep it, stop all gateways and executors, and delete it with \`nats stream rm ${name}\`.`,
  );
}
