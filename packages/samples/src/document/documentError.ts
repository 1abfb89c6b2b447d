import { TaskError } from '@longhaul/executor';
import type { DocumentErrors } from './documentTypes.ts';

/** Makes one of the declared errors of `document.analyze`, for modules that have no task context. */
export function documentError<C extends keyof DocumentErrors>(
  code: C,
  message: string,
  data: DocumentErrors[C],
): TaskError<C, DocumentErrors[C]> {
  return new TaskError(code, message, data);
}
