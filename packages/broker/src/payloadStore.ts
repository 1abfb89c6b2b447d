import { createHash, randomBytes } from 'node:crypto';
import {
  CodedError,
  defaultPayloadLimitBytes,
  defaultPayloadsKeptMs,
  inlineLimitBytes,
  type PayloadRef,
  type Topology,
} from '@longhaul/proto/wire';
import type { JetStreamClient, JetStreamManager, MsgRequest, StoredMsg } from '@nats-io/jetstream';
import { nanos, nuid as nuidGenerator } from '@nats-io/nats-core';
import { type ObjectStore, Objm } from '@nats-io/obj';
import { isConfigurationConflict } from './brokerErrors.ts';
import { defaultJsonBreadth, JsonBreadth, type JsonBreadthLimits } from './jsonBreadth.ts';
import { pace } from './pace.ts';

/** Why a payload cannot be stored or read. Trying again does not help. */
export class PayloadError extends CodedError<PayloadErrorCode> {
  override readonly name = 'PayloadError';
}

export type PayloadErrorCode =
  /** There is no such object (any more): it has expired. */
  | 'PAYLOAD_MISSING'
  /** The object is not what the reference says, or a part of it is gone. */
  | 'PAYLOAD_DAMAGED'
  /** It is larger than this process takes. */
  | 'PAYLOAD_TOO_LARGE';

/** A payload on its way into the store. */
export type PackedPayload = {
  /** What messages will carry instead of it. */
  readonly ref: PayloadRef;
  /** Its JSON in UTF-8. */
  readonly data: Uint8Array;
};

/** Limits of payloads: the same on every gateway and executor. */
export type PayloadStoreOptions = {
  /** The largest payload that is stored or read, in bytes. Default: 64 MiB. */
  readonly payloadLimitBytes?: number | undefined;
  /** How much the JSON of a payload may hold. Default: {@link defaultJsonBreadth}. */
  readonly jsonBreadth?: Partial<JsonBreadthLimits> | undefined;
  /** How long payloads have to be kept at least, in milliseconds. Default: 8 days where the store is made now. */
  readonly payloadsKeptMs?: number | undefined;
};

/** The highest limit that can be set: an answer with an input and an output has to fit a string, of 512 MiB at most. */
export const highestPayloadLimitBytes = 128 * 1024 * 1024;
/** The size of an object's pieces: as large as any other message of Longhaul, so few are needed. */
const pieceBytes = inlineLimitBytes;

/**
 * Large inputs and outputs, as objects of a JetStream object store (NATS ADR-20): `nats object get` reads them.
 *
 * Nothing is ever replaced: every payload gets a name of its own, so that of two starts with one idempotency key, or
 * of two executors in the same attempt, neither can change what the other's message refers to. What no message refers
 * to in the end expires with the rest.
 */
export class PayloadStore {
  /** The largest payload that is stored or read, in bytes. */
  readonly limitBytes: number;
  /** How much the JSON of a payload may hold. */
  readonly breadth: JsonBreadthLimits;
  /** How long payloads are kept at least, in milliseconds. */
  readonly keptMs: number;
  readonly #js: JetStreamClient;
  readonly #jsm: JetStreamManager;
  readonly #topology: Topology;
  readonly #raises: boolean;
  #opened: Promise<ObjectStore> | undefined;

  /** @throws RangeError when the limit is no number of bytes in range */
  constructor(
    js: JetStreamClient,
    jsm: JetStreamManager,
    topology: Topology,
    options: PayloadStoreOptions = {},
  ) {
    const limitBytes = options.payloadLimitBytes ?? defaultPayloadLimitBytes;
    if (
      !Number.isSafeInteger(limitBytes) ||
      limitBytes < inlineLimitBytes ||
      limitBytes > highestPayloadLimitBytes
    ) {
      throw new RangeError(
        `payloadLimitBytes must be a whole number from ${inlineLimitBytes} to ${highestPayloadLimitBytes}, not ${limitBytes}.`,
      );
    }
    this.limitBytes = limitBytes;
    this.breadth = { ...defaultJsonBreadth, ...options.jsonBreadth };
    for (const [name, limit] of Object.entries(this.breadth))
      if (!Number.isSafeInteger(limit) || limit < 1)
        throw new RangeError(`jsonBreadth.${name} must be a whole number of at least 1, not ${limit}.`);
    this.#js = js;
    this.#jsm = jsm;
    this.#topology = topology;
    this.keptMs = options.payloadsKeptMs ?? defaultPayloadsKeptMs;
    this.#raises = options.payloadsKeptMs !== undefined;
  }

  /**
   * Creates the object store where it is missing. Where it keeps objects shorter than this process needs, that is
   * raised; never lowered, since another process or an operator may have a reason. Safe to run by many at once.
   */
  async ensure(): Promise<void> {
    const { payloadStore, payloadStream } = this.#topology;
    const ttl = nanos(this.keptMs);
    try {
      // As an object store is made (ADR-20), but that nothing in it can be replaced: a message that says that it
      // stands for all others would remove every payload.
      await this.#jsm.streams.add({
        name: payloadStream,
        description: 'Longhaul: large inputs and outputs',
        subjects: [`$O.${payloadStore}.C.>`, `$O.${payloadStore}.M.>`],
        discard: 'new',
        allow_direct: true,
        allow_rollup_hdrs: false,
        max_age: ttl,
        ...this.#topology.replication,
      });
    } catch (error) {
      // It is there, perhaps by a process that keeps payloads for another time.
      if (!isConfigurationConflict(error)) throw error;
    }
    // An executor needs no right to change a stream, so it leaves that to gateways.
    if (!this.#raises) return;
    const { config } = await this.#jsm.streams.info(payloadStream);
    const raised = config.max_age !== 0 && config.max_age < ttl ? { max_age: ttl } : {};
    const closed = config.allow_rollup_hdrs ? { allow_rollup_hdrs: false } : {};
    const changes = { ...raised, ...closed };
    if (Object.keys(changes).length > 0) await this.#jsm.streams.update(payloadStream, changes);
  }

  /**
   * Gives a payload its name, before anything is written.
   *
   * @param name what it is: `<task id>.input`; a random part is added
   * @param sha256 of the data, in base64url, where it is known
   * @throws PayloadError PAYLOAD_TOO_LARGE
   */
  pack(
    name: string,
    data: Uint8Array,
    sha256 = createHash('sha256').update(data).digest('base64url'),
  ): PackedPayload {
    this.#requireFitting(data.length);
    const digest = `SHA-256=${padded(sha256)}`;
    return {
      ref: { object: `${name}.${randomBytes(9).toString('base64url')}`, bytes: data.length, digest },
      data,
    };
  }

  /**
   * Checks that readers will take what a payload holds. The gateway counts inputs as they arrive; this is for outputs.
   * @throws PayloadError PAYLOAD_TOO_LARGE
   */
  requireNarrow(data: Uint8Array): void {
    this.#requireNarrow(this.excessOf(data));
  }

  /** Which limit the JSON of a payload exceeds. */
  excessOf(data: Uint8Array): keyof JsonBreadthLimits | undefined {
    const counted = new JsonBreadth(this.breadth);
    counted.push(data);
    return counted.excess;
  }

  /**
   * Stores a payload. May be called again with the same one, when it is not known whether it was stored.
   *
   * As the library does it, but for two things that executors have no right to, and nobody needs: to remove the pieces
   * of an upload that failed (they expire with the rest), and to replace an object of the same name (there is none).
   */
  async put({ ref, data }: PackedPayload): Promise<void> {
    const { payloadStore, payloadPieces, payloadMeta } = this.#topology;
    const nuid = nuidGenerator.next();
    let chunks = 0;
    for (let from = 0; from < data.length; from += pieceBytes) {
      const piece = data.subarray(from, from + pieceBytes);
      // The client copies it into its buffer.
      await pace(piece.length);
      // One after the other, so that the sequence of the pieces is their order.
      await this.#js.publish(payloadPieces(nuid), piece);
      chunks += 1;
    }
    const meta = {
      name: ref.object,
      options: { max_chunk_size: pieceBytes },
      bucket: payloadStore,
      nuid,
      size: data.length,
      chunks,
      digest: ref.digest,
      mtime: new Date().toISOString(),
    };
    // Last: an object is there when all its pieces are.
    await this.#js.publish(payloadMeta(encodedName(ref.object)), JSON.stringify(meta));
  }

  /**
   * Reads a payload, and checks that it is what was stored.
   * @throws PayloadError
   */
  async get(ref: PayloadRef): Promise<unknown> {
    this.#requireFitting(ref.bytes);
    const info = await (await this.#open()).info(ref.object);
    if (!info || info.deleted) throw missing(ref);
    if (info.size !== ref.bytes || info.digest !== ref.digest)
      throw damaged(ref, `it has ${info.size} bytes and the digest ${info.digest}`);
    const data = await this.#readPieces(ref, info.nuid);
    try {
      return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data));
    } catch (cause) {
      throw damaged(ref, 'it is not JSON', cause);
    }
  }

  /**
   * One piece after the other into one buffer: so a reader holds no more than the payload and a piece of it. The
   * library reads through a consumer, which stays at the server for a while after each read, and waits without end
   * for a piece that is gone.
   */
  async #readPieces(ref: PayloadRef, nuid: string): Promise<Uint8Array> {
    const data = new Uint8Array(ref.bytes);
    const hash = createHash('sha256');
    const counted = new JsonBreadth(this.breadth);
    let next = 1;
    for (let length = 0; length < data.length; ) {
      const piece = await this.#readPiece(next, this.#topology.payloadPieces(nuid));
      if (!piece && length === 0) throw missing(ref);
      if (!piece) throw damaged(ref, `its pieces end after ${length} bytes`);
      if (length + piece.data.length > data.length) throw damaged(ref, 'its pieces are longer');
      data.set(piece.data, length);
      hash.update(piece.data);
      // Before it is parsed, which would keep everybody waiting.
      counted.push(piece.data);
      this.#requireNarrow(counted.excess);
      length += piece.data.length;
      next = piece.seq + 1;
    }
    const digest = `SHA-256=${padded(hash.digest('base64url'))}`;
    if (digest !== ref.digest) throw damaged(ref, `its pieces have the digest ${digest}`);
    return data;
  }

  /** From any replica, and from the leader where that one has none (yet). */
  async #readPiece(seq: number, subject: string): Promise<StoredMsg | null> {
    const { payloadStream } = this.#topology;
    // The server takes both fields; the client's type of the second call leaves out the subject.
    const query = { seq, next_by_subj: subject };
    const nearest = await this.#jsm.direct.getMessage(payloadStream, query);
    return nearest ?? this.#jsm.streams.getMessage(payloadStream, query as MsgRequest);
  }

  #open(): Promise<ObjectStore> {
    this.#opened ??= new Objm(this.#js).open(this.#topology.payloadStore, false).catch((error: unknown) => {
      this.#opened = undefined;
      throw error;
    });
    return this.#opened;
  }

  #requireNarrow(excess: keyof JsonBreadthLimits | undefined): void {
    if (excess === undefined) return;
    const what = excess === 'values' ? 'values (members and elements)' : 'different names of members';
    throw new PayloadError(
      'PAYLOAD_TOO_LARGE',
      `The payload has more than ${this.breadth[excess]} ${what}; raise jsonBreadth.${excess}, or store it elsewhere.`,
    );
  }

  #requireFitting(bytes: number): void {
    if (bytes <= this.limitBytes) return;
    throw new PayloadError(
      'PAYLOAD_TOO_LARGE',
      `The payload has ${bytes} bytes; at most ${this.limitBytes} are taken.`,
    );
  }
}

/** An object's name as a token of a subject (ADR-20). */
function encodedName(name: string): string {
  return Buffer.from(name).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}

/** Base64 as object stores write it: 32 bytes leave one place to fill. */
function padded(base64url: string): string {
  return `${base64url}=`;
}

function missing(ref: PayloadRef): PayloadError {
  return new PayloadError('PAYLOAD_MISSING', `There is no object ${ref.object} any more.`);
}

function damaged(ref: PayloadRef, why: string, cause?: unknown): PayloadError {
  return new PayloadError(
    'PAYLOAD_DAMAGED',
    `The object ${ref.object} is not what was stored (${ref.bytes} bytes, ${ref.digest}): ${why}.`,
    { cause },
  );
}
