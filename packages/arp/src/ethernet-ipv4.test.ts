import { viewOf } from '@stack/skbuff';
import { hex } from '@stack/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as arp from './index.ts';
import { header, ip, mac } from './testing.ts';

const MAC = 0x0200_0000_0001;
const IP = 0xc0a8_010a;
const OTHER = 0xc0a8_0164;

describe('packets from numbers', () => {
  it.each([
    ['request', arp.request(MAC, IP, OTHER), '0001 020000000001 c0a8010a 000000000000 c0a80164'],
    [
      'reply',
      arp.reply(MAC, IP, 0xfeff_ffff_ffff, OTHER),
      '0002 020000000001 c0a8010a feffffffffff c0a80164',
    ],
    ['probe (RFC 5227 §2.1.1)', arp.probe(MAC, IP), '0001 020000000001 00000000 000000000000 c0a8010a'],
    [
      'announcement (RFC 5227 §2.3)',
      arp.announcement(MAC, IP),
      '0001 020000000001 c0a8010a 000000000000 c0a8010a',
    ],
  ])('%s', (_, packet, bytes) => {
    expect(arp.encode(packet)).toEqual(hex`0001 0800 06 04 ${bytes}`);
  });

  it('give the numbers back', () => {
    fc.assert(
      fc.property(mac(), ip(), mac(), ip(), fc.nat(9), (senderMac, senderIp, targetMac, targetIp, at) => {
        const bytes = arp.encode(arp.reply(senderMac, senderIp, targetMac, targetIp), undefined, at);
        const view = viewOf(bytes);
        expect(arp.isEthernetIpv4(view, at)).toBe(true);
        expect([arp.sha(view, at), arp.spa(view, at)]).toEqual([senderMac, senderIp]);
        expect([arp.tha(view, at), arp.tpa(view, at)]).toEqual([targetMac, targetIp]);
      }),
    );
  });

  it.each([-1, 2 ** 48, 1.5])('refuse the hardware address %d', (address) => {
    expect(() => arp.probe(address, IP)).toThrow(RangeError);
    expect(() => arp.reply(MAC, IP, address, IP)).toThrow(RangeError);
  });

  it.each([-1, 2 ** 32, 1.5])('refuse the protocol address %d', (address) => {
    expect(() => arp.probe(MAC, address)).toThrow(RangeError);
    expect(() => arp.request(MAC, address, IP)).toThrow(RangeError);
  });
});

describe('isEthernetIpv4', () => {
  it('says no where one of the four fields differs', () => {
    fc.assert(
      fc.property(header(), (packet) => {
        const { htype, ptype, hlen, plen } = packet;
        const expected = htype === 1 && ptype === 0x0800 && hlen === 6 && plen === 4;
        expect(arp.isEthernetIpv4(viewOf(arp.encode(packet)), 0)).toBe(expected);
      }),
    );
    for (const change of [{ htype: 6 }, { ptype: 0x86dd }, { hlen: 8 }, { plen: 16 }]) {
      expect(arp.isEthernetIpv4(viewOf(arp.encode({ ...arp.probe(MAC, IP), ...change })), 0)).toBe(false);
    }
  });
});

describe('what RFC 5227 tells apart', () => {
  it.each([
    ['a request', arp.request(MAC, IP, OTHER), false, false],
    ['a reply', arp.reply(MAC, IP, MAC, OTHER), false, false],
    ['a probe', arp.probe(MAC, IP), true, false],
    ['an announcement', arp.announcement(MAC, IP), false, true],
    ['a gratuitous reply', arp.reply(MAC, IP, MAC, IP), false, true],
    ['a reply without a sender', arp.reply(MAC, 0, MAC, IP), false, false],
    ['a probe for nothing', arp.probe(MAC, 0), true, false],
  ])('%s', (_, packet, probe, gratuitous) => {
    const view = viewOf(arp.encode(packet));
    expect([arp.isProbe(view, 0), arp.isGratuitous(view, 0)]).toEqual([probe, gratuitous]);
  });
});
