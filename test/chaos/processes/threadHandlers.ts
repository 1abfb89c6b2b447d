import { openSync, writeSync } from 'node:fs';
import { defineHandler } from '@longhaul/executor/sandbox';
import type { HandlerLogLine } from '@longhaul/testkit';
import { threadContract } from './threadContract.ts';

type Context = { readonly task: { readonly id: string; readonly name: string }; readonly attempt: number };

/** How often a handler that holds its thread writes that it still runs. */
const beatMs = 20;
const { HANDLER_LOG } = process.env;
// Each thread appends whole lines, as its executor does: they do not mix.
const descriptor = HANDLER_LOG === undefined ? undefined : openSync(HANDLER_LOG, 'a');
const cell = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

function write(what: HandlerLogLine['what'], { task, attempt }: Context): void {
  const line: HandlerLogLine = { what, atMs: Date.now(), id: task.id, name: task.name, attempt };
  if (descriptor !== undefined) writeSync(descriptor, `${JSON.stringify(line)}\n`);
}

/** Keeps the thread from everything else, without using the processor. */
function hold(forMs: number, context: Context, onBeat: (passedMs: number) => void = () => {}): void {
  const beganMs = performance.now();
  for (let passedMs = 0; passedMs < forMs; passedMs = performance.now() - beganMs) {
    Atomics.wait(cell, 0, 0, Math.min(beatMs, forMs - passedMs));
    write('beat', context);
    onBeat(passedMs);
  }
}

const { block: blockTask, breakOnce: breakOnceTask } = threadContract.thread;

export const block = defineHandler(blockTask, context => {
  write('start', context);
  hold(context.input.forMs, context, passedMs => context.progress({ passedMs }));
  write('end', context);
  return { attempt: context.attempt };
});

export const breakOnce = defineHandler(breakOnceTask, async context => {
  const { attempt, input } = context;
  write('start', context);
  if (attempt === 1) {
    if (input.by === 'hanging') hold(Number.POSITIVE_INFINITY, context);
    if (input.by === 'exiting') process.exit(1);
    setTimeout(() => {
      throw new Error('nobody catches this');
    });
    await new Promise<never>(() => {});
  }
  write('end', context);
  return { attempt };
});
