/**
 * The checksums of a packet that was taken apart.
 * @module
 */
import * as ipv4 from '@stack/ipv4';
import { viewOf } from '@stack/skbuff';
import { csumPartial } from '@stack/skbuff/checksum';
import { type Dissection, layerOf } from './dissect-layers.ts';

/**
 * Where a datagram goes in the end: with a source route that is not used up, `daddr` is but its next stop. Transport
 * checksums are made with this address (RFC 1122 §4.2.3.8).
 */
export function destinationOf({ daddr, options }: ipv4.Header): number {
  for (const option of options) {
    if (option.kind !== ipv4.IPOPT_LSRR && option.kind !== ipv4.IPOPT_SSRR) continue;
    // The pointer counts from the kind, which is octet 1, and is at one of the addresses, the first of which is at 4.
    const open =
      option.pointer % 4 === 0 && option.pointer >= 4 && option.pointer < 4 + 4 * option.route.length;
    return open ? option.route.at(-1)! : daddr;
  }
  return daddr;
}

/** Verdicts on the checksums of a packet; undefined where there is none or not all it covers was captured. */
export interface Checksums {
  ipv4: boolean | undefined;
  icmp: boolean | undefined;
  tcp: boolean | undefined;
  udp: boolean | undefined;
}

/** Verifies the checksums of `data`, which is what `found` was made of; what it quotes has its own. */
export function verify(data: Uint8Array, found: Dissection): Checksums {
  const view = viewOf(data);
  const verdicts: Checksums = { ipv4: undefined, icmp: undefined, tcp: undefined, udp: undefined };
  const ip = layerOf(found, 'ipv4');
  const transport = found.layers.at(-1);
  if (ip === undefined || transport === undefined) return verdicts;
  verdicts.ipv4 = ipv4.verify(view, ip.offset);
  if ((ip.header.flags & ipv4.FLAG_MF) !== 0) return verdicts;
  const end = ip.offset + ip.header.totLen;
  const addresses = { ...ip.header, daddr: destinationOf(ip.header) };
  const isRight = (length: number, pseudoSum: number): boolean =>
    csumPartial(view, transport.offset, length, pseudoSum) === 0xffff;
  const length = end - transport.offset;
  switch (transport.name) {
    case 'icmp':
      if (transport.length === length) verdicts.icmp = isRight(length, 0);
      break;
    case 'tcp':
      if (found.payload.end === end) verdicts.tcp = isRight(length, ipv4.pseudoSum(addresses, length));
      break;
    case 'udp': {
      const { check, len } = transport.header;
      const whole = found.payload.end === transport.offset + len;
      if (check !== 0 && whole) verdicts.udp = isRight(len, ipv4.pseudoSum(addresses, len));
      break;
    }
  }
  return verdicts;
}
