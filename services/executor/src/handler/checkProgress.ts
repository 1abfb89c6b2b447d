import { inlineLimitBytes, type TaskDefinition } from '@longhaul/proto';
import { jsonBytes } from './jsonBytes.ts';
import { TaskFault } from './taskFault.ts';

/**
 * What a handler reports as its progress, as it will be published.
 * @throws TaskFault `INVALID_PROGRESS` when the progress schema refuses it, or it is larger than a message may be
 */
export function checkProgress(definition: TaskDefinition, progress: unknown): unknown {
  const parsed = definition.progress.safeParse(progress);
  if (!parsed.success)
    throw new TaskFault('INVALID_PROGRESS', `The progress does not fit its schema: ${parsed.error.message}`);
  if (jsonBytes(parsed.data) > inlineLimitBytes) {
    throw new TaskFault(
      'INVALID_PROGRESS',
      `The progress is larger than ${inlineLimitBytes} bytes: report less.`,
    );
  }
  return parsed.data;
}
