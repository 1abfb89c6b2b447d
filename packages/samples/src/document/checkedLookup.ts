import { promises as dns, type LookupAddress, type LookupOptions } from 'node:dns';
import type { LookupFunction } from 'node:net';

/** Finds the IP addresses of a host name. */
export type ResolveHost = (hostname: string, options: LookupOptions) => Promise<readonly LookupAddress[]>;

/** A host name that leads to an address which may not be connected to. Says not which: that is nobody's business. */
export class PrivateAddressError extends Error {
  override readonly name = 'PrivateAddressError';
}

/** The system's resolver. */
export const resolveHost: ResolveHost = (hostname, options) =>
  dns.lookup(hostname, { ...options, all: true });

/**
 * A `lookup` for sockets that fails when any address of the host is refused. The socket connects to just the
 * addresses that were judged here: nothing is resolved twice.
 */
export function checkedLookup(
  resolve: ResolveHost,
  isAllowedAddress: (address: string) => boolean,
): LookupFunction {
  return (hostname, options, callback) => {
    const refuse = (error: unknown) => callback(error as NodeJS.ErrnoException, '', 0);
    resolve(hostname, options).then(addresses => {
      const [first] = addresses;
      if (first === undefined || !addresses.every(({ address }) => isAllowedAddress(address))) {
        refuse(new PrivateAddressError(`"${hostname}" has an address that is not allowed.`));
      } else if (options.all) {
        callback(null, [...addresses]);
      } else {
        callback(null, first.address, first.family);
      }
    }, refuse);
  };
}
