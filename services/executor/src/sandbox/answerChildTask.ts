import { messageOf } from '../failure/describeThrown.ts';
import { asStartError, ChildStartError } from '../handler/children/childTypes.ts';
import type { HandlerCall } from '../handler/handlerCall.ts';
import type { ChildTaskFailure, FromThread, ToThreadOfChild } from './threadMessages.ts';

/** Does what a handler's thread asks of a child task: starts it, or waits for its end. Never rejects. */
export async function answerChildTask(
  asked: Extract<FromThread, { kind: 'childStart' | 'childEnd' }>,
  { children, signal }: HandlerCall,
): Promise<ToThreadOfChild> {
  const { id } = asked;
  try {
    if (asked.kind === 'childStart') {
      const input: unknown = asked.json === undefined ? undefined : JSON.parse(asked.json);
      const taskId = await children.start({ ...asked.child, input });
      return { kind: 'childStarted', id, taskId };
    }
    const ended = await children.ended(asked.taskId, asked.name);
    return { kind: 'childEnded', id, json: JSON.stringify(ended) };
  } catch (error) {
    return { kind: 'childFailed', id, why: failureOf(error, signal) };
  }
}

function failureOf(thrown: unknown, signal: AbortSignal): ChildTaskFailure {
  const error = asStartError(thrown);
  if (error instanceof ChildStartError) {
    const { code, message, issues } = error;
    return { kind: 'refused', code, message, issues };
  }
  return signal.aborted ? { kind: 'aborted' } : { kind: 'other', message: messageOf(thrown) };
}
