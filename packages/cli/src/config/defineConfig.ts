import type { HandlersOf } from '@longhaul/executor';
import type { ExecutorSettings } from '@longhaul/executor/process';
import type { GatewaySettings } from '@longhaul/gateway/process';
import type { Contract } from '@longhaul/proto';
import type { OptionNames } from '@longhaul/proto/wire';

/** The handlers of a contract, or a function that loads them: then a gateway does not load what only executors need. */
export type HandlersSource<C extends Contract> =
  | HandlersOf<C>
  | (() => HandlersOf<C> | Promise<HandlersOf<C>>);

/** What `longhaul.config.ts` says of a project. */
export type LonghaulConfig<C extends Contract = Contract> = {
  /** The contract that gateway, executors and clients share. */
  readonly contract: C;
  /** A handler for each of its tasks; or a function that loads them, which only executors call. */
  readonly handlers: HandlersSource<NoInfer<C>>;
  /** Options of the gateway that the environment has no variable for, or that are to win over it. */
  readonly gateway?: GatewaySettings;
  /** Options of the executor that the environment has no variable for, or that are to win over it. */
  readonly executor?: ExecutorSettings;
  /** Folders and files whose changes restart the services of `longhaul dev`. Default: the folder of this file. */
  readonly watch?: readonly string[];
};

/** What a config knows. */
export const configNames: OptionNames<LonghaulConfig> = {
  contract: 'required',
  handlers: 'required',
  gateway: 'optional',
  executor: 'optional',
  watch: 'optional',
};

/**
 * Types the config of a project: the default export of `longhaul.config.ts`, for `longhaul dev`, `longhaul gateway` and
 * `longhaul executor`.
 *
 * @example
 * ```ts
 * import { defineConfig } from 'longhaul';
 * import { contract } from './contract.ts';
 *
 * export default defineConfig({
 *   contract,
 *   handlers: async () => (await import('./handlers.ts')).handlers,
 * });
 * ```
 */
export function defineConfig<const C extends Contract>(config: LonghaulConfig<C>): LonghaulConfig<C> {
  return config;
}
