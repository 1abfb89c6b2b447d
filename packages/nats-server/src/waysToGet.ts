import { getDebianPackage } from './debianPackage.ts';
import { downloadRelease } from './download.ts';
import { goInstall } from './goInstall.ts';
import type { WayContext } from './wayContext.ts';

/** A way to get a nats-server onto this machine. */
export interface WayToGet {
  /** Named in `source` and in the error that lists the ways. */
  readonly name: string;
  /**
   * Gets a binary into the work folder and returns its path. A failure passes on to the next way, unless it is a
   * `NatsServerError` `NATS_SERVER_CHECKSUM_MISMATCH`: what was tampered with must not be hidden by a way that works.
   */
  get(context: WayContext): Promise<string>;
}

/** In the order in which they are tried. */
export const defaultWays: readonly WayToGet[] = [
  { name: 'GitHub release', get: context => downloadRelease(context) },
  { name: 'go install', get: goInstall },
  { name: 'Debian package', get: context => getDebianPackage(context) },
];
