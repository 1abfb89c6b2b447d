import { describe, expect, it } from 'vitest';
import { isPublicAddress } from './addressPolicy.ts';

describe('isPublicAddress', () => {
  it.each(['8.8.8.8', '93.184.216.34', '172.15.255.255', '172.32.0.1', '2606:4700::1111', '::ffff:8.8.8.8'])(
    'accepts %s',
    address => expect(isPublicAddress(address)).toBe(true),
  );

  it.each([
    ['this machine', '127.0.0.1'],
    ['this machine, another address', '127.8.8.8'],
    ['this machine, IPv6', '::1'],
    ['this machine inside IPv6', '::ffff:127.0.0.1'],
    ['this machine inside IPv6, in hexadecimal', '::ffff:7f00:1'],
    ['this machine by the old compatible form', '::7f00:1'],
    ['unspecified', '0.0.0.0'],
    ['unspecified network', '0.1.2.3'],
    ['unspecified, IPv6', '::'],
    ['private 10/8', '10.0.0.1'],
    ['private 172.16/12', '172.31.255.255'],
    ['private 192.168/16', '192.168.1.1'],
    ['private inside IPv6', '::ffff:10.0.0.1'],
    ['cloud metadata', '169.254.169.254'],
    ['cloud metadata by NAT64', '64:ff9b::a9fe:a9fe'],
    ['local NAT64', '64:ff9b:1::a00:1'],
    ['cloud metadata inside IPv6', '::ffff:169.254.169.254'],
    ['carrier-grade NAT', '100.64.0.1'],
    ['benchmarks', '198.18.0.1'],
    ['documentation', '203.0.113.9'],
    ['documentation, IPv6', '2001:db8::1'],
    ['multicast', '224.0.0.1'],
    ['multicast, IPv6', 'ff02::1'],
    ['broadcast', '255.255.255.255'],
    ['reserved', '240.0.0.1'],
    ['unique local', 'fd00::1'],
    ['link-local', 'fe80::1'],
    ['link-local with a zone', 'fe80::1%eth0'],
    ['site-local', 'fec0::1'],
    ['6to4 with a private address inside', '2002:0a00:0001::'],
    ['Teredo', '2001:0:7f00:1::'],
    ['translated (SIIT)', '::ffff:0:7f00:1'],
    ['not given out', '4000::1'],
    ['no address', 'localhost'],
    ['nothing', ''],
  ])('refuses %s: %s', (_, address) => expect(isPublicAddress(address)).toBe(false));
});
