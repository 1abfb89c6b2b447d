import { isDeepStrictEqual } from 'node:util';
import {
  GatewayError,
  inlineLimitBytes,
  type PayloadRef,
  type TaskAddress,
  type TaskRecord,
  type TaskRequest,
} from '@longhaul/proto/wire';
import { encode } from './codec.ts';
import { tooManyValues } from './jsonBreadth.ts';
import { type PackedPayload, PayloadError, type PayloadStore } from './payloadStore.ts';
import type { OutgoingRequest } from './publishRequest.ts';

const hourMs = 60 * 60 * 1_000;
/** How long a delayed task may wait and run, once it is due, before its large input expires. */
const spareMs = 24 * hourMs;

/** The JSON of an input that was encoded before. */
export type EncodedInput = {
  /** Its JSON in UTF-8. */
  readonly bytes: Uint8Array;
  /** Its SHA-256, in base64url. */
  readonly digest: string;
};

/**
 * Encodes a request, with its input or a reference to it. Nothing is written yet.
 *
 * @param encoded the input's JSON, where another thread has written it
 * @throws GatewayError PAYLOAD_TOO_LARGE; INVALID_REQUEST when its large input would not be kept until it is due
 */
export function encodeRequest(
  payloads: PayloadStore,
  address: TaskAddress,
  head: Omit<TaskRequest, 'input' | 'inputRef'>,
  input: unknown,
  encoded?: EncodedInput,
): OutgoingRequest {
  if (encoded) return withEncoded(payloads, address, head, input, encoded);
  // An input may be nothing, where its schema says so.
  const json: string | undefined = JSON.stringify(input);
  if (json === undefined || Buffer.byteLength(json) <= inlineLimitBytes) {
    const request: TaskRequest = { ...head, input };
    return { address, request, payload: encode(request) };
  }
  return withReference(payloads, address, head, { bytes: Buffer.from(json) });
}

function withEncoded(
  payloads: PayloadStore,
  address: TaskAddress,
  head: Omit<TaskRequest, 'input' | 'inputRef'>,
  input: unknown,
  encoded: EncodedInput,
): OutgoingRequest {
  if (encoded.bytes.length > inlineLimitBytes) return withReference(payloads, address, head, encoded);
  const opened = Buffer.from(JSON.stringify(head)).subarray(0, -1);
  const payload = Buffer.concat([opened, Buffer.from(',"input":'), encoded.bytes, Buffer.from('}')]);
  return { address, request: { ...head, input }, payload };
}

function withReference(
  payloads: PayloadStore,
  address: TaskAddress,
  head: Omit<TaskRequest, 'input' | 'inputRef'>,
  { bytes, digest }: Pick<EncodedInput, 'bytes'> & Partial<EncodedInput>,
): OutgoingRequest {
  requireKept(payloads, head);
  const large = pack(payloads, address, bytes, digest);
  const request: TaskRequest = { ...head, inputRef: large.ref };
  return { address, request, payload: encode(request), large };
}

/**
 * Checks that a process which reads the input will take what it holds. For inputs that were not counted as they arrived:
 * those of children. A small input cannot hold too much to be read.
 * @throws GatewayError TOO_MANY_VALUES
 */
export function requireNarrowInput(payloads: PayloadStore, { address, large }: OutgoingRequest): void {
  if (!large) return;
  const excess = payloads.excessOf(large.data);
  if (excess) throw tooManyValues(`the input of ${address.name}`, excess, payloads.breadth);
}

function pack(
  payloads: PayloadStore,
  { id }: TaskAddress,
  data: Uint8Array,
  digest: string | undefined,
): PackedPayload {
  try {
    return payloads.pack(`${id}.input`, data, digest);
  } catch (error) {
    if (!(error instanceof PayloadError)) throw error;
    throw new GatewayError(
      'PAYLOAD_TOO_LARGE',
      `The input has ${data.length} bytes; at most ${payloads.limitBytes} are taken. Pass a reference (a path or URL) instead of the data itself.`,
      { cause: error },
    );
  }
}

function requireKept(
  { keptMs }: PayloadStore,
  { createdAt, scheduledFor }: Pick<TaskRequest, 'createdAt' | 'scheduledFor'>,
): void {
  const delayMs = scheduledFor === undefined ? 0 : Date.parse(scheduledFor) - Date.parse(createdAt);
  if (delayMs === 0 || delayMs + spareMs <= keptMs) return;
  throw new GatewayError(
    'INVALID_REQUEST',
    `A task whose input has more than ${inlineLimitBytes} bytes can be delayed by ${Math.floor((keptMs - spareMs) / hourMs)} hours at most, since its input is kept for ${Math.floor(keptMs / hourMs)}. Start it later, or pass a reference (a path or URL) instead of the data itself.`,
  );
}

/** Whether a start means the task that was accepted under its id before: whether their inputs are the same JSON. */
export function isSameInput(
  earlier: Pick<TaskRecord, 'input' | 'inputRef'>,
  input: unknown,
  inputRef: PayloadRef | undefined,
): boolean {
  // A large input is known by its digest: it is not read again to be compared.
  if (earlier.inputRef || inputRef) return earlier.inputRef?.digest === inputRef?.digest;
  // Through JSON, since that is how the earlier input travelled.
  return isDeepStrictEqual(earlier.input ?? null, JSON.parse(JSON.stringify(input ?? null)));
}
