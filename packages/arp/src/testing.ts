/**
 * fast-check arbitraries of ARP packets: every one is legal.
 * @module
 */
import fc from 'fast-check';
import { ethernetIpv4 } from './ethernet-ipv4.ts';
import type { Header, PushHeader } from './header.ts';

/** What {@link header} may make. */
export interface HeaderConstraints {
  /** Only packets between Ethernet and IPv4; any sizes by default. */
  ethernetIpv4?: boolean;
}

/** A MAC address, u48. */
export function mac(): fc.Arbitrary<number> {
  return fc.oneof(
    fc.maxSafeNat().map((n) => n % 0x1_0000_0000_0000),
    fc.constantFrom(0, 0xffff_ffff_ffff),
  );
}

/** An IPv4 address, u32. */
export function ip(): fc.Arbitrary<number> {
  return fc.oneof(fc.nat(0xffff_ffff), fc.constantFrom(0, 0xffff_ffff));
}

/** Any legal packet; half of them between Ethernet and IPv4, the others with addresses of 0 to 255 bytes. */
export function header(constraints: HeaderConstraints = {}): fc.Arbitrary<Header> {
  const usual = fc
    .tuple(fc.oneof(fc.integer({ min: 1, max: 10 }), fc.nat(0xffff)), mac(), ip(), mac(), ip())
    .map((values) => ethernetIpv4(...values));
  if (constraints.ethernetIpv4 === true) return usual;
  const length = fc.oneof(fc.nat(20), fc.nat(255), fc.constantFrom(0, 6, 255));
  return fc.oneof(usual, fc.tuple(length, length).chain(sized));
}

/** What `push` takes: {@link header} with the sizes of the addresses left to it. */
export function pushHeader(constraints: HeaderConstraints = {}): fc.Arbitrary<PushHeader> {
  return header(constraints).map(({ hlen: _hlen, plen: _plen, ...rest }) => rest);
}

function sized([hlen, plen]: [number, number]): fc.Arbitrary<Header> {
  const hardware = fc.uint8Array({ minLength: hlen, maxLength: hlen });
  const protocol = fc.uint8Array({ minLength: plen, maxLength: plen });
  return fc.record(
    {
      htype: fc.nat(0xffff),
      ptype: fc.nat(0xffff),
      hlen: fc.constant(hlen),
      plen: fc.constant(plen),
      op: fc.nat(0xffff),
      sha: hardware,
      spa: protocol,
      tha: hardware,
      tpa: protocol,
    },
    { noNullPrototype: true },
  );
}
