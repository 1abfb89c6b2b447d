import { type MessagePort, threadId } from 'node:worker_threads';
import type { TaskDefinition } from '@longhaul/proto';
import { messageOf } from '../failure/describeThrown.ts';
import { isInstance } from '../failure/safeRead.ts';
import { createTaskContext } from '../handler/createTaskContext.ts';
import { type Ending, endingOfError, endingOfOutput, failed, parseInput } from '../handler/ending.ts';
import { TaskError } from '../handler/handlerErrors.ts';
import type { DefinedHandler } from './defineHandler.ts';
import { fingerprint, loadHandler } from './loadHandler.ts';
import { ThreadChildTasks } from './threadChildTasks.ts';
import { ThreadExec } from './threadExec.ts';
import type { FromThread, RunJob, ThreadJob, ToThread } from './threadMessages.ts';
import { ThreadOutput } from './threadOutput.ts';
import { ThreadCheckpoints, threadSignal } from './threadSignals.ts';

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
  const commands = new ThreadExec(post, signal);
  const tasks = new ThreadChildTasks(post, signal);
  const checkpoints = new ThreadCheckpoints(post, signal, job.shared);
  talk.on('message', (message: ToThread) => {
    if (message.kind === 'passed') checkpoints.passed(message.id);
    else if (tasks.isFor(message)) tasks.receive(message);
    else commands.receive(message);
  });
  try {
    const context = createTaskContext(parsed.input, {
      task: job.task,
      attempt: job.attempt,
      signal,
      children: tasks,
      progress: output.progress,
      log: output.log,
      checkpoint: checkpoints.checkpoint,
      exec: commands.exec,
    });
    const returned = await handler(context);
    return { ending: await endingOfOutput(definition, returned), declared: false };
  } catch (error) {
    return { ending: await endingOfError(definition, error), declared: isInstance(error, TaskError) };
  } finally {
    output.flush();
  }
}
