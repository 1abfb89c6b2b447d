import { type MessagePort, threadId } from 'node:worker_threads';
import type { TaskDefinition } from '@longhaul/proto';
import { messageOf } from '../failure/describeThrown.ts';
import { isInstance } from '../failure/safeRead.ts';
import { createTaskContext } from '../handler/createTaskContext.ts';
import { type Ending, endingOfError, endingOfOutput, failed, parseInput } from '../handler/ending.ts';
import { TaskError } from '../handler/handlerErrors.ts';
import type { DefinedHandler } from './defineHandler.ts';
import { fingerprint, loadHandler } from './loadHandler.ts';
import { ThreadChannel } from './threadChannel.ts';
import { receivedError } from './threadErrors.ts';
import type {
  FromThread,
  MainMethods,
  RunJob,
  ThreadJob,
  ThreadMethods,
  ToThread,
} from './threadMessages.ts';
import { ThreadOutput } from './threadOutput.ts';
import { threadCheckpoint, threadChildren, threadExec } from './threadPorts.ts';
import { threadSignal } from './threadSignal.ts';

// The entry of a handler's thread: the pool calls it with one job after another. The main thread's side is threadRun.ts.

type End = { readonly ending: Ending; readonly declared: boolean };

/** Runs one job. The handler's end is sent on the job's port, after everything else that the handler sent. */
export default async function work(job: ThreadJob): Promise<string | undefined> {
  if (job.kind === 'check') return fingerprint((await loadHandler(job.address)).definition);
  const { talk } = job;
  const post = (message: FromThread) => talk.postMessage(message);
  post({ kind: 'begun', threadId });
  const { ending, declared } = await run(job, talk, post);
  post({ kind: 'ended', ending: JSON.stringify(ending), declared });
  return undefined;
}

async function run(job: RunJob, talk: MessagePort, post: (message: FromThread) => void): Promise<End> {
  let handler: DefinedHandler<TaskDefinition>;
  try {
    handler = await loadHandler(job.address);
  } catch (error) {
    return { ending: failed('HANDLER_ERROR', messageOf(error)), declared: false };
  }
  const { definition } = handler;
  const parsed = await parseInput(definition, job.input);
  if (!parsed.ok) return { ending: parsed.ending, declared: false };
  const signal = threadSignal(job.abort, job.shared);
  const output = new ThreadOutput(definition, post, job.shared);
  const channel = new ThreadChannel<ThreadMethods, MainMethods>({
    post,
    own: { sync: () => undefined },
    errorOf: why => receivedError(why, signal),
  });
  talk.on('message', (message: ToThread) => channel.receive(message));
  try {
    const context = createTaskContext(parsed.input, {
      task: job.task,
      attempt: job.attempt,
      fence: job.fence,
      signal,
      children: threadChildren(channel, signal),
      progress: output.progress,
      log: output.log,
      checkpoint: threadCheckpoint(channel, signal, job.shared),
      exec: threadExec(channel, signal),
    });
    const returned = await handler(context);
    return { ending: await endingOfOutput(definition, returned), declared: false };
  } catch (error) {
    return { ending: await endingOfError(definition, error), declared: isInstance(error, TaskError) };
  } finally {
    output.flush();
  }
}
