import { TaskError } from '@longhaul/executor';
import type { ErrorsOf, OutputOf, ParsedInputOf, ProgressOf } from '@longhaul/proto';
import type { document } from '../contract/document.ts';

type Analyze = typeof document.analyze;

export type DocumentInput = ParsedInputOf<Analyze>;
export type DocumentOutput = OutputOf<Analyze>;
export type DocumentProgress = ProgressOf<Analyze>;
export type DocumentErrors = ErrorsOf<Analyze>;

export type DocumentFormat = DocumentOutput['format'];
export type Sentiment = DocumentOutput['sentiment'];
export type Entity = DocumentOutput['entities'][number];
export type EntityKind = Entity['kind'];

/** A document as its source gave it, not yet understood. */
export type LoadedDocument =
  | { readonly kind: 'text'; readonly text: string; readonly format: 'text' | 'markdown' | 'html' }
  | {
      readonly kind: 'bytes';
      readonly bytes: Uint8Array<ArrayBuffer>;
      /** The path, or the address after redirects. */
      readonly location: string;
      /** The `content-type` header, where there was one. */
      readonly contentType: string | undefined;
    };

/** A part of a document under one heading. */
export type Section = {
  readonly title: string | null;
  /** Its paragraphs, list items and table rows as plain text. */
  readonly blocks: readonly string[];
};

/** A document as plain text in sections. */
export type ReadDocument = {
  readonly title: string | null;
  readonly format: DocumentFormat;
  /** Pages of a PDF, else null. */
  readonly pages: number | null;
  readonly sections: readonly Section[];
};

/** Makes one of the declared errors of `document.analyze`, for modules that have no task context. */
export function documentError<C extends keyof DocumentErrors>(
  code: C,
  message: string,
  data: DocumentErrors[C],
): TaskError<C, DocumentErrors[C]> {
  return new TaskError(code, message, data);
}
