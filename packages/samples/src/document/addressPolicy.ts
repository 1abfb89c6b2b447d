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
