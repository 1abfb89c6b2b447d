// What the examples in doc comments take for granted: the names that a reader of them has at hand.

import type { TaskHandle, Tasks } from '@longhaul/client';
import type { Handler, HandlersOf, TaskContext } from '@longhaul/executor';
import type { build, contract, thumbnails, transcribe } from './given/contract.ts';

export { existsSync, readFileSync, writeFileSync } from 'node:fs';
export { readFile } from 'node:fs/promises';
export { createClient, gatewayErrorOf } from '@longhaul/client';
export {
  AttemptAborted,
  createExecutor,
  doNotRetry,
  type Handler,
  retryAfter,
  runHandler,
  sandboxed,
  TaskError,
} from '@longhaul/executor';
export type { AuthOptions, JwtOptions } from '@longhaul/gateway';
export { checkContract, contractSnapshot, defineTask, restRoute } from '@longhaul/proto';
export type { ContractSnapshot } from '@longhaul/proto/wire';
export { Disposables } from '@longhaul/runtime';
export { startStack } from '@longhaul/testing';
export { expect, test } from 'vitest';
export { z } from 'zod';
export { build, contract, thumbnails, transcribe } from './given/contract.ts';

export declare const report: typeof contract.report;
export declare const handlers: HandlersOf<typeof contract>;
export declare const buildReport: Handler<typeof build>;
export declare const transcribeRecording: Handler<typeof transcribe>;
export declare const makeThumbnails: Handler<typeof thumbnails>;
export declare const client: Tasks<typeof contract>;
export declare const task: TaskHandle<typeof transcribe>;
export declare const ctx: TaskContext<typeof transcribe>;
export declare const id: string;
export declare const path: string;
export declare const response: Response;
export declare const connection: { close(): Promise<void> };
export declare function renderPage(page: string, options: { readonly signal: AbortSignal }): Promise<void>;
export declare function parsePages(file: Uint8Array): string[];
export declare function resizeImage(path: string, width: number): Promise<string>;
