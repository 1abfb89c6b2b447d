import { encode } from '@longhaul/broker';
import { defineContract, defineTask } from '@longhaul/proto';
import { firstPublishHeader, isTerminal, recordOfRequest, type TaskEvent } from '@longhaul/proto/wire';
import { headers } from '@nats-io/transport-node';
import { pino } from 'pino';
import { z } from 'zod';
import { Attempt } from '../../services/executor/src/attempt/attempt.ts';
import type { AttemptSetting } from '../../services/executor/src/attempt/attemptContext.ts';
import { matchHandlers } from '../../services/executor/src/handler/handlers.ts';
import type { RequestMessage } from '../../services/executor/src/queue/requestMessage.ts';
import { SlotPool } from '../../services/executor/src/queue/slotPool.ts';
import { openSandboxes } from '../../services/executor/src/sandbox/openSandboxes.ts';
import { cancelTask } from '../../services/gateway/src/tasks/steer/cancelTask.ts';
import type { Run, Step } from './explore.ts';
import { nowMs, Process, SimulatedNats, topology } from './simulatedNats.ts';

/** What is different from one model to the next. */
export type Variant = {
  /** `hangs`: until its signal is aborted, and its first event is `started`. `returns`: its first event is `completed`. */
  readonly handler: 'hangs' | 'returns';
  /** Whether the executor begins without a read of the log. */
  readonly isUnread: boolean;
  /** How many gateways cancel the task. Default: 1 */
  readonly gateways?: number;
  /** The executor is killed when the server has taken so many of its messages. Default: never */
  readonly diesAfter?: number;
  /** The gateway is killed as well, when the server has taken so many of its messages; then another one cancels. */
  readonly gatewayDiesAfter?: number;
  /** Whether a second executor takes what is delivered again. Default: yes */
  readonly hasSecond?: boolean;
  /** The gateway takes no look at the queue: the model has to show what that leads to. Default: it does. */
  readonly gatewayIsBlind?: boolean;
};

const id = '01a1fd3d-ae4c-71ad-835b-2b2aac2cc064';
const name = 'model.task';
const contract = defineContract({
  model: { task: defineTask({ input: z.object({}), output: z.object({}), timeoutMs: 0 }) },
});
const logger = pino({ level: 'silent' });
const request = {
  v: 1 as const,
  owner: 'local',
  createdAt: new Date(nowMs).toISOString(),
  priority: 'normal' as const,
  input: {},
};
/** A `started` that is held back for longer than any run takes. */
const neverMs = 1_000_000;

/**
 * A task that is canceled while its request is delivered, with the code of gateway and executor, and a server that takes
 * their messages in an order of the test's choice.
 */
export async function beginCancel(variant: Variant): Promise<Run> {
  const { handler, isUnread, gateways = 1, diesAfter, gatewayDiesAfter } = variant;
  const { hasSecond = true, gatewayIsBlind = false } = variant;
  const faults: string[] = [];
  const running = new Set<Process>();
  const ends: string[] = [];
  const header = headers();
  header.set(firstPublishHeader, '1');
  const subject = topology.subjects.request({ id, name, priority: 'normal' });
  const data = encode(request);
  const nats = new SimulatedNats({ subject, seq: 1, data, header, time: new Date(nowMs) }, stored);
  const executor = new Process('executor');
  const second = new Process('second executor');
  const canceling = Array.from({ length: gateways }, (_, at) => new Process(`gateway ${at + 1}`));
  const spare = new Process('other gateway');
  const processes = [executor, second, ...canceling, spare];
  const late: Step[] = [];
  const closing = new AbortController();

  for (const gateway of canceling) cancel(gateway, gatewayIsBlind);
  return { steps, faults: allFaults, close: () => closing.abort() };

  /** Invariants 2 and 5, at every event. */
  function stored({ type }: TaskEvent): void {
    if (ends.length > 0) faults.push(`${type} is behind ${ends[0]}`);
    if (type !== 'canceled' && type !== 'completed' && type !== 'failed') return;
    ends.push(type);
    if (type === 'canceled' && running.size > 0) faults.push('A handler runs behind canceled.');
  }

  function allFaults(): string[] {
    const left = running.size > 0 ? ['A handler runs for ever.'] : [];
    // Where no executor is left, one that comes ends it: it finds the request on the queue, and `stopping` in the log.
    const isLeft = executor.isDead && !hasSecond && nats.request !== undefined;
    if (ends.length !== 1 && !isLeft) left.push(`The task has ${ends.length} ends.`);
    return [...new Set([...faults, ...left])];
  }

  function steps(): readonly Step[] {
    // Killed the moment before it would send more.
    if (!executor.isDead && nats.deliveredSeq > 0 && executor.taken === diesAfter) kill(executor);
    const [gateway] = canceling;
    if (gateway && !gateway.isDead && gateway.taken === gatewayDiesAfter) {
      kill(gateway);
      // Its questions and its plans go with it.
      nats.unanswered.clear();
      late.length = 0;
      cancel(spare, false);
    }
    const next = processes.flatMap(({ sent }) => sent[0] ?? []);
    if (nats.request && nats.deliveredSeq === 0) next.push({ name: 'deliver', take: deliver });
    if (next.length > 0) return next;
    // Seconds pass in which nothing happens.
    const [giveUp] = nats.unanswered;
    if (giveUp) return [{ name: 'no answer in time', take: giveUp }];
    if (executor.isDead && hasSecond && nats.request && !second.isDead && second.taken === 0)
      return [{ name: 'deliver again', take: () => work(second, 2, false) }];
    return late.slice(0, 1);
  }

  function deliver(): void {
    nats.deliveredSeq = 1;
    work(executor, 1, isUnread);
  }

  function kill(process: Process): void {
    process.isDead = true;
    process.sent.length = 0;
    running.delete(process);
    nats.disconnect(process);
  }

  function cancel(gateway: Process, isLate: boolean): void {
    const broker = nats.brokerOf(gateway, 'gateway');
    const onUnread = () => {
      const take = () => {
        late.splice(late.indexOf(step), 1);
        cancel(gateway, true);
      };
      const step = { name: `${gateway.name}: cancels again, later`, take };
      late.push(step);
    };
    cancelTask(broker, recordOfRequest(id, name, request), undefined, { onUnread, isLate }).then(
      ({ status }) => {
        // As `LateCancels` does, for as long as it takes; here once is to be enough, except where an executor answered.
        if (isLate && !isTerminal(status) && running.size === 0 && ends.length === 0) onUnread();
      },
      (error: unknown) => faults.push(`The cancel failed: ${String(error)}`),
    );
  }

  function work(process: Process, deliveries: number, isFirst: boolean): void {
    const handlers = {
      model: {
        task: async ({ signal }: { signal: AbortSignal }) => {
          if (!process.isDead) running.add(process);
          try {
            if (handler === 'hangs') await aborted(signal, closing.signal);
            return {};
          } finally {
            running.delete(process);
          }
        },
      },
    };
    const message: RequestMessage = {
      subject,
      data,
      reply: 'ack',
      traceparent: undefined,
      consumer: 'model-task-normal',
      redelivered: deliveries > 1,
      deliveries,
      waiting: 0,
      streamSeq: 1,
      consumerSeq: deliveries,
      storedAtMs: nowMs,
      isFirstPublish: true,
      ack: () =>
        void process.send('acknowledge', () => {
          nats.request = undefined;
        }),
      release: () => faults.push('The request was released.'),
      heartbeat: () => {},
    };
    void openSandboxes(matchHandlers(contract, handlers), 1, logger).then(({ tasks }) => {
      const setting = {
        broker: nats.brokerOf(process, 'executor'),
        logger,
        executor: process.name,
        holdStartedMs: handler === 'hangs' ? 0 : neverMs,
        taskOf: (type: string) => tasks.get(type),
        heartbeats: { start: () => ({ stop: () => {} }) },
        firstDeliveries: { isFirst: () => isFirst },
        shutdownDeadline: closing.signal,
      };
      const slot = new SlotPool(1, () => {}).acquire(name);
      if (!slot) throw new Error('There is a slot.');
      const address = { id, name, priority: 'normal' } as const;
      return new Attempt(setting as unknown as AttemptSetting, address, message, slot).run();
    });
  }
}

function aborted(...signals: AbortSignal[]): Promise<never> {
  const signal = AbortSignal.any(signals);
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
