import { fileURLToPath } from 'node:url';
import type { TaskDefinition } from '@longhaul/proto';
import type { DefinedHandler } from './defineHandler.ts';
import type { HandlerAddress } from './threadMessages.ts';

/**
 * Loads a handler in its thread.
 * @throws Error that says which file or export is not what it should be, or what the module itself threw
 */
export async function loadHandler(address: HandlerAddress): Promise<DefinedHandler<TaskDefinition>> {
  const { module, exportName } = address;
  const loaded: Record<string, unknown> = await import(module);
  const found = loaded[exportName];
  if (isDefinedHandler(found)) return found;
  const exported = Object.keys(loaded).join(', ') || 'nothing';
  throw new Error(
    `${fileURLToPath(module)} must export a handler made by defineHandler(definition, handler) as "${exportName}"; it exports ${exported}.`,
  );
}

function isDefinedHandler(value: unknown): value is DefinedHandler<TaskDefinition> {
  if (typeof value !== 'function') return false;
  const { definition } = value as { definition?: { kind?: unknown } };
  return definition?.kind === 'task';
}
