import { createHash } from 'node:crypto';
import { type MessagePort, parentPort } from 'node:worker_threads';
import type { FromThread, InputBytes, ToThread } from './messages.ts';
import { type BodyShape, inputsIn } from './shapes.ts';
import { takeTexts } from './texts.ts';

// The thread that parses large bodies, and writes the inputs in them as they are stored.

/** This file is only ever loaded as a thread. */
const port = parentPort as MessagePort;
const parts = new Map<number, Uint8Array[]>();
/** The texts of bodies that were parsed. */
const texts = new Map<number, string[][]>();

port.on('message', (message: ToThread) => {
  switch (message.kind) {
    case 'part':
      parts.set(message.id, [...(parts.get(message.id) ?? []), message.bytes]);
      return;
    case 'read':
      read(message.id, message.shape);
      return;
    case 'next': {
      const batches = texts.get(message.id) ?? [];
      const next = batches.shift() ?? [];
      if (batches.length === 0) texts.delete(message.id);
      answer({ kind: 'texts', id: message.id, texts: next });
    }
  }
});

function read(id: number, shape: BodyShape): void {
  const bytes = Buffer.concat(parts.get(id) ?? []);
  parts.delete(id);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    answer({ kind: 'notJson', id, why: error instanceof SyntaxError ? error.message : 'not UTF-8' });
    return;
  }
  const inputs = inputsIn(value, shape).map(inputBytes);
  const { outline, batches } = takeTexts(value);
  if (batches.length > 0) texts.set(id, batches);
  const transferred = inputs.map(input => input.bytes.buffer);
  answer({ kind: 'read', id, outline, batches: batches.length, inputs }, transferred);
}

function inputBytes(input: unknown): InputBytes {
  const bytes = new TextEncoder().encode(JSON.stringify(input));
  return { bytes, digest: createHash('sha256').update(bytes).digest('base64url') };
}

function answer(message: FromThread, transferred: ArrayBuffer[] = []): void {
  port.postMessage(message, transferred);
}
