import type { BodyShape } from './shapes.ts';
import type { Outline } from './texts.ts';

/** What the thread is told. The bytes of a body come in parts, and the texts of its value leave in batches. */
export type ToThread =
  | { readonly kind: 'part'; readonly id: number; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'read'; readonly id: number; readonly shape: BodyShape }
  | { readonly kind: 'next'; readonly id: number };

/** The JSON of an input, as it is stored; see `EncodedInput`. */
export type InputBytes = { readonly bytes: Uint8Array<ArrayBuffer>; readonly digest: string };

/** What the thread answers: one message to each `read` and each `next`. */
export type FromThread =
  | {
      readonly kind: 'read';
      readonly id: number;
      readonly outline: Outline;
      readonly batches: number;
      readonly inputs: readonly InputBytes[];
    }
  | { readonly kind: 'texts'; readonly id: number; readonly texts: readonly string[] }
  | { readonly kind: 'notJson'; readonly id: number; readonly why: string };
