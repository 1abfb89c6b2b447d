import { promises as dns, type LookupAddress, type LookupOptions } from 'node:dns';
import type { LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

// RFC 4291, 2.4: of the IPv6 space only this part is given out for the public internet.
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3');

/**
 * Whether an IP address belongs to the public internet.
 *
 * False for everything with a special meaning: this machine, private networks, link-local (with cloud metadata
 * services), carrier-grade NAT, multicast, documentation, tunnels and translations that carry an IPv4 address
 * inside, and for what is no IP address.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  // An IPv4-mapped address (::ffff:10.0.0.1) connects to that IPv4 host: judge what is inside.
  const parsed = ipaddr.process(address);
  if (parsed.range() !== 'unicast') return false;
  return parsed instanceof ipaddr.IPv4 || parsed.match(globalUnicast);
}

/** Finds the IP addresses of a host name. */
export type ResolveHost = (hostname: string, options: LookupOptions) => Promise<readonly LookupAddress[]>;

/** A host name with an address that may not be connected to. The message does not name the address: it is secret. */
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
