import { type HolderRequest, holderReplySchema } from '@longhaul/proto/wire';
import type { Broker } from './broker.ts';
import { isNoResponders, isUnavailable } from './brokerErrors.ts';
import { decode } from './codec.ts';
import { askCommand } from './command.ts';

/** An executor that is well answers within a few milliseconds; for one that is gone NATS reports at once that there is no subscriber. */
const answerTimeoutMs = 500;

/** What an executor says of a task: it works on it, it does not, or nothing is heard of it. */
export type HolderAnswer = 'holds' | 'lets go' | 'silent';

/** Asks an executor whether it still works on a task. */
export async function askHolder(broker: Broker, executor: string, taskId: string): Promise<HolderAnswer> {
  const subject = broker.topology.subjects.holder(executor);
  const request: HolderRequest = { v: 1, id: taskId, do: 'answer' };
  try {
    const answer = await askCommand(broker, subject, request, answerTimeoutMs);
    return decode(holderReplySchema, subject, answer.data).holds ? 'holds' : 'lets go';
  } catch (error) {
    if (isNoResponders(error) || isUnavailable(error)) return 'silent';
    throw error;
  }
}
