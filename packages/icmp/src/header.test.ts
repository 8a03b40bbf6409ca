import { alloc, CHECKSUM_COMPLETE, CHECKSUM_UNNECESSARY, type SkBuff, viewOf, wrap } from '@stack/skbuff';
import { csumSkb } from '@stack/skbuff/checksum';
import { hex, refusals, vectors } from '@stack/testkit';
import { describe, expect, it } from 'vitest';
import * as icmp from './index.ts';

/** libpcap tests/gateway_or_not.pcap, frame 1, from the ICMP header on. */
const PING = hex`0800 3fac 0007 013d fcf6f46800000000 05dd010000000000
  1011121314151617 18191a1b1c1d1e1f 2021222324252627 28292a2b2c2d2e2f 3031323334353637`;

vectors<icmp.Header>({ describe, it }, icmp, [
  [
    'echo request: libpcap tests/gateway_or_not.pcap, frame 1',
    PING,
    { type: 8, code: 0, check: 0x3fac, rest: 0x0007_013d },
  ],
  [
    'echo reply: libpcap tests/gateway_or_not.pcap, frame 2',
    '0000 47ac 0007 013d fcf6f468',
    { type: 0, code: 0, check: 0x47ac, rest: 0x0007_013d },
  ],
  [
    'port unreachable: tcpdump tests/mpls-traceroute.pcap, frame 14',
    '0303 d4fb 0000 0000 4500 0028',
    { type: 3, code: 3, check: 0xd4fb, rest: 0 },
  ],
  [
    'host unreachable: tcpdump tests/dhcp-rfc4388.pcap, frame 6',
    '0301 fcfe 0000 0000 4500 0030',
    { type: 3, code: 1, check: 0xfcfe, rest: 0 },
  ],
  [
    'source quench with a code that is none: tcpdump tests/extract_read2_asan.pcap, frame 1',
    '0443 0303 0303 0303',
    { type: 4, code: 0x43, check: 0x0303, rest: 0x0303_0303 },
  ],
  [
    'a type nobody has assigned',
    'ff ff ffff ffffffff',
    { type: 255, code: 255, check: 0xffff, rest: 0xffff_ffff },
  ],
]);

refusals({ describe, it }, icmp, [
  ['no byte', '', 'ICMP_TRUNCATED', 0],
  ['four bytes', '0800 f7ff', 'ICMP_TRUNCATED', 4],
  ['one byte short', '0800 f7ff 0000 00', 'ICMP_TRUNCATED', 7],
]);

it('checkPacket is held to the packet’s length where that is less than the head', () => {
  expect(icmp.checkPacket(viewOf(PING), 0, PING.length, 7)).toBe('ICMP_TRUNCATED');
});

function packet(bytes: Uint8Array): SkBuff {
  const skb = alloc(bytes.length, 64);
  skb.putData(bytes);
  return skb;
}

describe('push', () => {
  it('computes the checksum of the capture', () => {
    const skb = packet(PING.slice(8));
    icmp.push(skb, icmp.echo(7, 317));
    expect(skb.toBytes()).toEqual(PING);
    expect(skb.transportHeader).toBe(skb.data);
    skb.free();
  });

  it('writes a given checksum as given; code and rest default to 0', () => {
    const skb = packet(hex('cafe'));
    icmp.push(skb, { type: 10, check: 0x1234 });
    expect(skb.toBytes()).toEqual(hex('0a00 1234 0000 0000 cafe'));
    skb.free();
  });

  it.each([
    ['type', 256],
    ['code', -1],
    ['check', 65_536],
    ['rest', 2 ** 32],
  ])('refuses %s %d and changes nothing', (field, value) => {
    const skb = packet(hex('cafe'));
    expect(() => icmp.push(skb, { type: 8, [field]: value })).toThrow(field);
    expect([skb.len, skb.transportHeader]).toEqual([2, -1]);
    const into = new Uint8Array(8).fill(0xa5);
    const header = { type: 8, code: 0, check: 0, rest: 0, [field]: value };
    expect(() => icmp.encode(header, into)).toThrow(field);
    expect(into).toEqual(new Uint8Array(8).fill(0xa5));
    skb.free();
  });
});

describe('headers by what they say', () => {
  it.each([
    [icmp.echo(7, 317), '0800 0000 0007 013d'],
    [icmp.echoReply(0xffff, 0xffff), '0000 0000 ffff ffff'],
    [icmp.unreachable(icmp.ICMP_PORT_UNREACH), '0303 0000 0000 0000'],
    [icmp.unreachable(icmp.ICMP_FRAG_NEEDED, 1400), '0304 0000 0000 0578'],
    [icmp.unreachable(icmp.ICMP_FRAG_NEEDED, 0xffff), '0304 0000 0000 ffff'],
    [icmp.timeExceeded(icmp.ICMP_EXC_FRAGTIME), '0b01 0000 0000 0000'],
    [icmp.parameterProblem(20), '0c00 0000 1400 0000'],
    [icmp.parameterProblem(255, 2), '0c02 0000 ff00 0000'],
    [icmp.redirect(icmp.ICMP_REDIR_HOST, 0xc0a8_0101), '0501 0000 c0a8 0101'],
  ])('%j', (header, bytes) => {
    expect(icmp.encode({ code: 0, rest: 0, check: 0, ...header })).toEqual(hex(bytes));
  });

  it.each([
    () => icmp.echo(65_536, 0),
    () => icmp.echo(0, -1),
    () => icmp.unreachable(4, 65_536),
    () => icmp.parameterProblem(256),
  ])('%s is refused', (make) => {
    expect(make).toThrow(RangeError);
  });
});

describe('readers of the second word', () => {
  it('each find their part', () => {
    const view = viewOf(hex('ff 0800 ffff 000b 0412 12345678'));
    expect([icmp.id(view, 1), icmp.sequence(view, 1)]).toEqual([0x000b, 0x0412]);
    const error = viewOf(hex('0304 ffff 14 20 0578'));
    expect([icmp.pointer(error, 0), icmp.length(error, 0), icmp.mtu(error, 0)]).toEqual([20, 32, 1400]);
    expect(icmp.gateway(viewOf(hex('0501 ffff c0a80101')), 0)).toBe(0xc0a8_0101);
  });
});

describe('verify', () => {
  it('is true for the capture, false for a changed bit', () => {
    expect(icmp.verify(wrap(PING.slice()))).toBe(true);
    const bad = PING.slice();
    bad[20] = 1;
    expect(icmp.verify(wrap(bad))).toBe(false);
  });

  it('believes the device', () => {
    const skb = wrap(PING.slice(0, 20));
    skb.ipSummed = CHECKSUM_UNNECESSARY;
    expect(icmp.verify(skb)).toBe(true);
    const whole = wrap(PING.slice());
    whole.csum = csumSkb(whole, 0, whole.len);
    whole.ipSummed = CHECKSUM_COMPLETE;
    expect(icmp.verify(whole)).toBe(true);
    whole.csum = 1;
    expect(icmp.verify(whole)).toBe(false);
  });

  it('sendCheck makes it true, whatever the field held', () => {
    const bytes = hex`ffff ${PING}`;
    bytes[2 + 2] = 0xa5;
    icmp.sendCheck(viewOf(bytes), 2, PING.length);
    expect(bytes.slice(2)).toEqual(PING);
  });
});
