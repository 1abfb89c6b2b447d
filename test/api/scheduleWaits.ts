import type { Broker } from '@longhaul/broker';
import { type ScheduleRecord, scheduleSchema } from '@longhaul/proto/wire';
import { startStack, within } from '@longhaul/testing';
import { scriptedContract, scriptedHandlers } from '@longhaul/testkit';
import { Kvm } from '@nats-io/kv';
import { inject } from 'vitest';

/** Resolves when a schedule's record fits, as the bucket has it; also when it already does. */
export async function scheduleThat(
  broker: Broker,
  what: string,
  fits: (schedule: ScheduleRecord) => boolean,
): Promise<ScheduleRecord> {
  const bucket = await new Kvm(broker.js).open(broker.topology.scheduleBucket);
  const entries = await bucket.watch();
  const search = async () => {
    for await (const entry of entries) {
      if (entry.length === 0) continue;
      const schedule = scheduleSchema.parse(entry.json());
      if (fits(schedule)) return schedule;
    }
    throw new Error(`The bucket's watch ended before: ${what}`);
  };
  return within(what, search()).finally(() => entries.stop());
}

/** The message schedules in the stream, by subject, without the namespace. */
export async function armed(broker: Broker): Promise<string[]> {
  const { requestStream, subjects, namespace } = broker.topology;
  const { state } = await broker.jsm.streams.info(requestStream, { subjects_filter: subjects.allRecurring });
  return Object.keys(state.subjects ?? {})
    .map(subject => subject.slice(`${namespace}.schedule.recurring.`.length))
    .sort();
}

/** How many firings no gateway has dealt with yet. */
export async function waitingFirings(broker: Broker): Promise<number> {
  const { requestStream, consumers } = broker.topology;
  const info = await broker.jsm.consumers.info(requestStream, consumers.schedules.durable_name);
  return info.num_pending + info.num_ack_pending;
}

/** The started tasks' ids, newest firing first, as far as the record keeps them. */
export function taskIds({ firings }: ScheduleRecord): string[] {
  return firings.flatMap(({ taskId }) => taskId ?? []);
}

/** A system of the scripted tasks. */
export const system = (more: object = {}) =>
  startStack({ natsUrl: inject('natsUrl'), contract: scriptedContract, handlers: scriptedHandlers, ...more });

export const everySecond = { every: '1s' } as const;
export const echo = { name: 'script.echo', input: { text: 'tick' } } as const;
