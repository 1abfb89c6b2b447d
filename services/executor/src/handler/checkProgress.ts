import type { TaskDefinition } from '@longhaul/proto';
import { inlineLimitBytes } from '@longhaul/proto/wire';
import { z } from 'zod';
import { messageOf } from '../failure/describeThrown.ts';
import { plainJson } from '../failure/plainJson.ts';
import { TaskFault } from './handlerErrors.ts';

/**
 * Checks a progress of a handler. Returns it as it will be published: a copy, so that later changes do not reach it.
 * @throws TaskFault `INVALID_PROGRESS` when the progress schema refuses it, it is no JSON, or it is larger than a
 *   message may be
 */
export function checkProgress(definition: TaskDefinition, progress: unknown): unknown {
  const checked = copyOf(definition, progress);
  if (jsonBytes(checked) <= inlineLimitBytes) return checked;
  throw invalid(`The progress is larger than ${inlineLimitBytes} bytes: report less.`);
}

function copyOf(definition: TaskDefinition, progress: unknown): unknown {
  let why: string;
  try {
    const parsed = definition.progress.safeParse(progress);
    if (parsed.success) return plainJson(parsed.data);
    why = `The progress does not fit its schema:\n${z.prettifyError(parsed.error)}`;
  } catch (error) {
    why = `The progress cannot be written as JSON: ${messageOf(error)}`;
  }
  throw invalid(why);
}

function invalid(message: string): TaskFault {
  return new TaskFault('INVALID_PROGRESS', message);
}

/**
 * How many bytes a value has as JSON; 0 for what JSON leaves out.
 * @throws TypeError for what JSON cannot hold (a bigint, a circle)
 */
export function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value) ?? '');
}
