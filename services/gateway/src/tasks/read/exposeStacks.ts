import type { TaskDefinition } from '@longhaul/proto';
import {
  type ExposeStack,
  exposures,
  type StoredEvent,
  type TaskRecord,
  withoutStacks,
} from '@longhaul/proto/wire';
import type { Caller } from '../../auth/caller.ts';
import { mayDo } from '../../auth/caller.ts';
import type { TaskService } from '../taskService.ts';

/** The task of a failure. */
type Failed = { readonly name: string; readonly owner: string };

/**
 * Wraps the service so that callers who may not see the stacks of failures do not receive them. All operations that return
 * records or events are wrapped here, so that neither tRPC nor REST can omit it.
 *
 * @param allowed the gateway's setting; the stricter one of it and the task definition's applies
 */
export function exposeStacks(
  service: TaskService,
  definitions: ReadonlyMap<string, TaskDefinition>,
  allowed: ExposeStack,
): TaskService {
  const maySeeStacks = (caller: Caller, { name, owner }: Failed): boolean => {
    const exposed = stricter(allowed, definitions.get(name)?.exposeStack ?? 'owners');
    if (exposed === 'nobody') return false;
    return mayDo(caller, 'seeTask') || (exposed === 'owners' && caller.owner === owner);
  };
  const shown = (caller: Caller, record: TaskRecord): TaskRecord =>
    maySeeStacks(caller, record) ? record : recordWithoutStacks(record);
  const shownItem = <W extends { readonly kind: string }>(caller: Caller, item: W): W => {
    if ('record' in item) return { ...item, record: shown(caller, item.record as TaskRecord) };
    if (!('stored' in item)) return item;
    const stored = item.stored as StoredEvent;
    const { event, name } = stored;
    if (!('error' in event) || maySeeStacks(caller, { name, owner: event.owner })) return item;
    return { ...item, stored: { ...stored, event: { ...event, error: withoutStacks(event.error) } } };
  };
  async function* shownItems<W extends { readonly kind: string }>(
    caller: Caller,
    items: AsyncGenerator<W, void, void>,
  ): AsyncGenerator<W, void, void> {
    for await (const item of items) yield shownItem(caller, item);
  }

  return {
    ...service,
    start: async (caller, ...rest) => shown(caller, await service.start(caller, ...rest)),
    startMany: async (caller, ...rest) =>
      (await service.startMany(caller, ...rest)).map(started =>
        'record' in started ? { ...started, record: shown(caller, started.record) } : started,
      ),
    retry: async (caller, ...rest) => shown(caller, await service.retry(caller, ...rest)),
    run: async (caller, ...rest) => shown(caller, await service.run(caller, ...rest)),
    get: async (caller, ...rest) => shown(caller, await service.get(caller, ...rest)),
    getStored: async (caller, ...rest) => shown(caller, await service.getStored(caller, ...rest)),
    result: async (caller, ...rest) => shown(caller, await service.result(caller, ...rest)),
    openWatch: async (caller, ...rest) => {
      const events = await service.openWatch(caller, ...rest);
      return events && shownItems(caller, events);
    },
    watch: (caller, ...rest) => shownItems(caller, service.watch(caller, ...rest)),
    watchMany: (caller, ...rest) => shownItems(caller, service.watchMany(caller, ...rest)),
  };
}

function stricter(one: ExposeStack, other: ExposeStack): ExposeStack {
  return exposures.indexOf(one) < exposures.indexOf(other) ? one : other;
}

function recordWithoutStacks(record: TaskRecord): TaskRecord {
  const { error, attempts } = record;
  if (!error && attempts.every(attempt => !attempt.error)) return record;
  return {
    ...record,
    ...(error ? { error: withoutStacks(error) } : {}),
    attempts: attempts.map(attempt =>
      attempt.error ? { ...attempt, error: withoutStacks(attempt.error) } : attempt,
    ),
  };
}
