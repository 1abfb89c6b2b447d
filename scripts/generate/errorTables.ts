import { builtInFailures, errorCatalogue } from '@longhaul/proto/wire';
import { code, table } from './markers.ts';

/** Every error of the gateway. */
export function errorTable(): string {
  return table(
    ['`data.reason`', 'tRPC code', 'HTTP status', 'what to do'],
    Object.entries(errorCatalogue).map(([reason, { trpc, http, advice }]) => [
      code(reason),
      code(trpc),
      String(http),
      advice,
    ]),
  );
}

/** Every failure that a task can have without declaring it. */
export function failureTable(): string {
  return table(
    ['`error.code`', 'what it means, and what to do'],
    Object.entries(builtInFailures).map(([failure, advice]) => [code(failure), advice]),
  );
}
