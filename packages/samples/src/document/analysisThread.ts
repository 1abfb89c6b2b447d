import { parentPort } from 'node:worker_threads';
import { TaskError } from '@longhaul/executor/sandbox';
import type { ThreadReply, ThreadRequest } from './analysisThreads.ts';
import { analyzeDocument } from './analyzeDocument.ts';
import type { DocumentErrors } from './documentTypes.ts';

// The entry of an analysis thread: takes one job after another, see analysisThreads.ts for the other end.

if (parentPort === null) throw new Error('analysisThread.ts is started as a worker thread, not imported.');
const port = parentPort;
const reply = (message: ThreadReply) => port.postMessage(message);

port.on('message', (job: ThreadRequest) => {
  analyzeDocument(job, progress => reply({ kind: 'progress', progress })).then(
    output => reply({ kind: 'done', output }),
    (error: unknown) => {
      if (error instanceof TaskError) {
        const { code, message, data } = error as TaskError<keyof DocumentErrors>;
        reply({ kind: 'declared', code, message, data });
      } else {
        reply({ kind: 'failed', error });
      }
    },
  );
});
