import type { AnalysisJob } from './analyzeDocument.ts';
import type { DocumentErrors, DocumentOutput, DocumentProgress } from './documentTypes.ts';

/** What the executor's main thread sends to an analysis thread. */
export type ThreadRequest = AnalysisJob;

/** What an analysis thread sends back: any number of `progress`, then one of the others. */
export type ThreadReply =
  | { readonly kind: 'progress'; readonly progress: DocumentProgress }
  | { readonly kind: 'done'; readonly output: DocumentOutput }
  | {
      /** A declared error of the task. */
      readonly kind: 'declared';
      readonly code: keyof DocumentErrors;
      readonly message: string;
      readonly data: unknown;
    }
  | { readonly kind: 'failed'; readonly error: unknown };
