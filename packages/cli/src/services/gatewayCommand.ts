import { runGateway } from '@longhaul/gateway/process';
import { type ConfigFlags, loadConfig } from '../config/loadConfig.ts';
import { noteLoadedFiles, untilMyTurn } from './devStep.ts';

/** Flags of `longhaul gateway`. */
export type GatewayFlags = ConfigFlags & { readonly console: boolean };

/** `longhaul gateway`: a gateway of the project's contract as this process, configured by the environment. */
export async function gatewayCommand(flags: GatewayFlags): Promise<undefined> {
  noteLoadedFiles();
  const { config } = await loadConfig(flags);
  const consoleDirectory = flags.console ? (await import('@longhaul/console')).consoleDirectory : undefined;
  await untilMyTurn();
  await runGateway(config.contract, {
    ...(consoleDirectory === undefined ? {} : { consoleDirectory }),
    ...(config.gateway === undefined ? {} : { settings: config.gateway }),
  });
}
