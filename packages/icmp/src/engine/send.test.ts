import {
  PACKET_BROADCAST,
  PACKET_HOST,
  PACKET_MULTICAST,
  PACKET_OTHERHOST,
  type SkBuff,
  viewOf,
} from '@stack/skbuff';
import { hex } from '@stack/testkit';
import { describe, expect, it } from 'vitest';
import { checksumOf } from '../checksum.ts';
import { decodeMessage } from '../message.ts';
import { BROADCAST, FAR, GROUP, Host, LO, PEER, US } from './fixture.ts';
import { MAX_PEERS, plateauBelow } from './index.ts';

/** What a test does to the packet at fault. */
type Change = (skb: SkBuff) => void;

/** Sends an error about a UDP datagram from PEER to us. */
function complain(
  host: Host,
  change: Change = () => undefined,
  [type, code, info]: readonly [number, number, number] = [3, 3, 0],
  payload: Uint8Array = hex('0035 1f90 0010 0000 cafebabe'),
  protocol = 17,
): void {
  const skb = host.packet(PEER, US, payload, protocol);
  change(skb);
  host.icmp.send(host.now, skb, type, code, info);
  skb.free();
}

function saddr(address: number): Change {
  return (skb) => skb.view.setUint32(skb.networkHeader + 12, address);
}

function daddr(address: number): Change {
  return (skb) => skb.view.setUint32(skb.networkHeader + 16, address);
}

describe('an error', () => {
  it('quotes the packet from its IP header on, wherever data is', () => {
    const host = new Host();
    complain(host);
    complain(host, (skb) => skb.push(20));
    complain(host, (skb) => skb.pull(8));
    const quote = hex`4510 0020 0000 0000 40 11 0000 0a000005 0a000001 0035 1f90 0010 0000 cafebabe`;
    for (const sent of host.sent) {
      expect(decodeMessage(sent.bytes)).toMatchObject({ kind: 'error', type: 3, code: 3, quote });
      expect(viewOf(sent.bytes).getUint16(2)).toBe(checksumOf(viewOf(sent.bytes), 0, sent.bytes.length));
      expect(sent).toMatchObject({ saddr: US, daddr: PEER, sport: 3, dport: 3, protocol: 1, ttl: -1 });
    }
    expect(host.icmp.mib.Icmp).toMatchObject({ OutMsgs: 3, OutDestUnreachs: 3 });
    expect(host.icmp.mib.IcmpMsg).toEqual({ OutType3: 3 });
    host.end();
  });

  it.each([
    [[3, 4, 1400], '0304 0000 0578'],
    [[12, 0, 20 << 24], '0c00 1400 0000'],
    [[11, 1, 0], '0b01 0000 0000'],
    [[5, 1, 0xc0a8_0101], '0501 c0a8 0101'],
  ] as const)('%j has the second word it is given', (what, bytes) => {
    const host = new Host();
    complain(host, undefined, what);
    const [sent] = host.sent;
    expect(hex`${sent?.bytes.slice(0, 2) as Uint8Array} ${sent?.bytes.slice(4, 8) as Uint8Array}`).toEqual(
      hex(bytes),
    );
    host.end();
  });

  it('has the precedence of internetwork control, and the old type of service', () => {
    const host = new Host();
    complain(host, (skb) => skb.view.setUint8(skb.networkHeader + 1, 0x19));
    expect(host.sent[0]?.tos).toBe(0xd8);
    host.end();
  });

  it.each([
    ['short', 100, 1500, 0, 120],
    ['576 bytes in all', 1000, 1500, 0, 548],
    ['options count', 1000, 1500, 8, 540],
    ['a small MTU', 1000, 100, 0, 72],
    ['an MTU of 49', 1000, 49, 0, 21],
    ['an MTU of 48', 1000, 48, 0, undefined],
  ])('%s: as much as fits', (_name, length, mtu, options, quoted) => {
    const host = new Host();
    host.mtu = mtu;
    if (options > 0) host.options = new Uint8Array(options);
    complain(host, undefined, undefined, new Uint8Array(length));
    expect(host.sent[0]?.bytes.length).toBe(quoted === undefined ? undefined : quoted + 8);
    host.end();
  });

  it('quotes what lies in frags', () => {
    const host = new Host();
    const skb = host.packet(PEER, US, hex('0035 1f90'), 17);
    const page = host.pool.page(100);
    if (page === undefined) throw new Error('no page');
    page.arena.bytes.fill(0x77, page.start, page.start + 100);
    skb.addFrag(page, page.start, 100);
    host.icmp.send(host.now, skb, 3, 3, 0);
    expect(host.sent[0]?.bytes.slice(28, 34)).toEqual(hex('0035 1f90 7777'));
    expect(host.sent[0]?.bytes.length).toBe(8 + 20 + 4 + 100);
    skb.free();
    host.end();
  });

  it('looks for an ICMP header in frags, too', () => {
    for (const [type, expected] of [
      [8, 1],
      [3, 0],
    ] as const) {
      const host = new Host();
      const skb = host.packet(PEER, US, new Uint8Array(0), 1);
      const page = host.pool.page(100);
      if (page === undefined) throw new Error('no page');
      page.arena.bytes.fill(0x77, page.start, page.start + 100);
      page.arena.bytes[page.start] = type;
      skb.addFrag(page, page.start, 100);
      host.icmp.send(host.now, skb, 3, 1, 0);
      expect(host.sent.length).toBe(expected);
      skb.free();
      host.end();
    }
  });

  it('without memory is counted', () => {
    const host = new Host();
    const skb = host.packet(PEER, US, new Uint8Array(8), 17);
    const { page } = host.pool;
    host.pool.page = () => undefined;
    host.icmp.send(host.now, skb, 3, 3, 0);
    host.pool.page = page;
    skb.free();
    expect(host.icmp.mib.Icmp).toMatchObject({ OutErrors: 1, OutMsgs: 0 });
    host.end();
  });
});

describe('no error, RFC 1122 §3.2.2', () => {
  const icmp = (type: number): readonly [Change, Uint8Array, number] => [
    () => undefined,
    Uint8Array.of(type, 0, 0, 0, 0, 0, 0, 0),
    1,
  ];
  const udp = (change: Change): readonly [Change, Uint8Array, number] => [change, new Uint8Array(8), 17];

  it.each([
    ['about a datagram', udp(() => undefined), true],
    ['about destination unreachable', icmp(3), false],
    ['about source quench', icmp(4), false],
    ['about redirect', icmp(5), false],
    ['about time exceeded', icmp(11), false],
    ['about parameter problem', icmp(12), false],
    ['about a type that is not known', icmp(19), false],
    ['about an echo request', icmp(8), true],
    ['about an echo reply', icmp(0), true],
    ['about an address mask reply, the last type that is known', icmp(18), true],
    ['about ICMP that is cut off', [() => undefined, new Uint8Array(0), 1] as const, false],
    [
      'about a fragment but the first',
      udp((skb) => skb.view.setUint16(skb.networkHeader + 6, 0x2001)),
      false,
    ],
    ['about a first fragment', udp((skb) => skb.view.setUint16(skb.networkHeader + 6, 0x2000)), true],
    [
      'about a link broadcast',
      udp((skb) => {
        skb.pktType = PACKET_BROADCAST;
      }),
      false,
    ],
    [
      'about a link multicast',
      udp((skb) => {
        skb.pktType = PACKET_MULTICAST;
      }),
      false,
    ],
    [
      'about what was not for us',
      udp((skb) => {
        skb.pktType = PACKET_OTHERHOST;
      }),
      false,
    ],
    ['to a broadcast address', udp(daddr(BROADCAST)), false],
    ['to a group', udp(daddr(GROUP)), false],
    ['from nobody', udp(saddr(0)), false],
    ['from a broadcast address', udp(saddr(BROADCAST)), false],
    ['from 255.255.255.255', udp(saddr(0xffff_ffff)), false],
    ['from a group', udp(saddr(GROUP)), false],
    ['from class E', udp(saddr(0xf000_0001)), false],
    ['from 127.0.0.1 over a wire', udp(saddr(0x7f00_0001)), false],
    [
      'from 127.0.0.1 over loopback',
      udp((skb) => {
        saddr(0x7f00_0001)(skb);
        skb.ifindex = LO;
      }),
      true,
    ],
    [
      'about our own packet',
      udp((skb) => {
        saddr(US)(skb);
        daddr(FAR)(skb);
        skb.ifindex = 0;
        skb.pktType = PACKET_HOST;
      }),
      true,
    ],
    [
      'about what has no IP header',
      udp((skb) => {
        skb.networkHeader = -1;
      }),
      false,
    ],
    [
      'about what ends in its IP header',
      udp((skb) => {
        skb.networkHeader = skb.tail - 19;
      }),
      false,
    ],
  ] as const)('%s', (_name, [change, payload, protocol], expected) => {
    const host = new Host();
    complain(host, change, [3, 3, 0], payload, protocol);
    expect(host.sent.length).toBe(expected ? 1 : 0);
    host.end();
  });

  it('without a route', () => {
    const host = new Host();
    host.unroutable = 'ENETUNREACH';
    complain(host);
    expect(host.sent).toEqual([]);
    host.end();
  });
});

describe('who it comes from', () => {
  it.each([
    ['the address that was asked', US, 0, 1, US],
    ['a router speaks from where the error leaves', FAR, 0, 1, US],
    ['or from where the packet came in', FAR, 1, 1, 0x0a00_0002],
    ['unless that has no address', FAR, 1, 2, US],
  ])('%s', (_name, to, inbound, ifindex, expected) => {
    const host = new Host();
    host.sysctl.icmp_errors_use_inbound_ifaddr = inbound;
    complain(host, (skb) => {
      daddr(to)(skb);
      skb.ifindex = ifindex;
    });
    expect(host.sent[0]?.saddr).toBe(expected);
    host.end();
  });
});

describe('rate limits', () => {
  it('six in a burst to one destination, then one a second', () => {
    const host = new Host();
    for (let i = 0; i < 10; i++) complain(host);
    expect(host.sent.length).toBe(6);
    host.now += 999_999;
    complain(host);
    expect(host.sent.length).toBe(6);
    host.now += 1;
    complain(host);
    complain(host);
    expect(host.sent.length).toBe(7);
    expect(host.icmp.mib.Icmp.OutRateLimitHost).toBe(6);
    host.now += 100_000_000;
    for (let i = 0; i < 10; i++) complain(host);
    expect(host.sent.length).toBe(13);
    host.end();
  });

  it('is each destination’s own', () => {
    const host = new Host();
    for (let i = 0; i < 10; i++) complain(host);
    complain(host, saddr(0x0a00_0006));
    expect(host.sent.length).toBe(7);
    host.end();
  });

  it.each([
    ['icmp_ratelimit 0', { icmp_ratelimit: 0 }, [3, 3, 0], 100],
    ['a type that is not in icmp_ratemask', { icmp_ratemask: 1 << 11 }, [3, 3, 0], 100],
    ['path MTUs', {}, [3, 4, 1400], 100],
    ['time exceeded', {}, [11, 0, 0], 6],
    ['redirects', {}, [5, 1, 0], 100],
  ] as const)('%s: %j', (_name, settings, what, expected) => {
    const host = new Host();
    Object.assign(host.sysctl, settings);
    for (let i = 0; i < 100; i++) complain(host, undefined, what);
    expect(host.sent.length).toBe(expected);
    host.end();
  });

  it('what leaves by loopback is free', () => {
    const host = new Host();
    host.loopback = true;
    for (let i = 0; i < 100; i++) complain(host);
    expect(host.sent.length).toBe(100);
    host.end();
  });

  it('icmp_msgs_per_sec and icmp_msgs_burst, over all destinations', () => {
    const host = new Host();
    Object.assign(host.sysctl, { icmp_msgs_per_sec: 100, icmp_msgs_burst: 50 });
    let next = 1;
    const several = (count: number): void => {
      for (let i = 0; i < count; i++) complain(host, saddr(0x0b00_0000 + next++));
    };
    several(100);
    expect(host.sent.length).toBe(50);
    expect(host.icmp.mib.Icmp.OutRateLimitGlobal).toBe(50);
    host.now += 100_000;
    several(100);
    expect(host.sent.length).toBe(60);
    host.now += 60_000_000;
    several(100);
    expect(host.sent.length).toBe(110);
    // What came in by loopback is not asked, replies are not limited.
    complain(host, (skb) => {
      skb.ifindex = LO;
      saddr(0x7f00_0001)(skb);
    });
    expect(host.sent.length).toBe(111);
    host.end();
  });

  it('nobody can count the credits: one message takes none, one or two', () => {
    const host = new Host();
    Object.assign(host.sysctl, { icmp_msgs_per_sec: 100, icmp_msgs_burst: 50 });
    host.die = 2;
    for (let i = 0; i < 100; i++) complain(host, saddr(0x0b00_0000 + i + 1));
    expect(host.sent.length).toBe(25);
    host.now += 1_000_000;
    host.die = 3;
    for (let i = 0; i < 100; i++) complain(host, saddr(0x0c00_0000 + i + 1));
    expect(host.sent.length).toBe(125);
    host.end();
  });

  it('remembers a bounded number of destinations, the latest', () => {
    const host = new Host();
    Object.assign(host.sysctl, { icmp_msgs_per_sec: 1e9, icmp_msgs_burst: 1e9 });
    const { limit } = host.icmp;
    for (let i = 0; i < 6; i++) expect(limit.allowPeer(0, 1)).toBe(true);
    expect(limit.allowPeer(0, 1)).toBe(false);
    for (let i = 0; i < MAX_PEERS - 1; i++) limit.allowPeer(0, 1000 + i);
    expect(limit.peers).toBe(MAX_PEERS);
    expect(limit.allowPeer(0, 1)).toBe(false); // still known, and the newest now
    limit.allowPeer(0, 999_999);
    expect(limit.peers).toBe(MAX_PEERS);
    expect(limit.allowPeer(0, 1)).toBe(false);
    expect(limit.allowPeer(0, 1000)).toBe(true); // the oldest was forgotten
    host.end();
  });
});

describe('plateaus, RFC 1191 §7', () => {
  it.each([
    [65_535, 32_000],
    [1500, 1492],
    [1492, 1006],
    [576, 508],
    [69, 68],
    [68, 68],
    [0, 68],
  ])('below %d: %d', (length, expected) => {
    expect(plateauBelow(length)).toBe(expected);
  });
});
