import { viewOf } from '@stack/skbuff';
import { csumFold, csumSkb } from '@stack/skbuff/checksum';
import { hex } from '@stack/testkit';
import { describe, expect, it } from 'vitest';
import { checksumOf } from '../checksum.ts';
import { decodeMessage } from '../message.ts';
import { BROADCAST, FAR, GROUP, Host, PEER, ROUTER, US } from './fixture.ts';

/** An echo request of `length` bytes of payload. */
function ping(length = 4): Uint8Array {
  const payload = Uint8Array.from({ length }, (_, i) => i & 0xff);
  return hex`0800 0000 000b 0c01 ${payload}`;
}

/** An error about a UDP datagram from us, port 8080, to `FAR`, port 53. */
function about(head: string, protocol = 17, tail = '1f90 0035 0010 0000 cafebabe'): Uint8Array {
  return hex`${hex(head)} 4500 05dc 0001 4000 40 ${Uint8Array.of(protocol)} 0000 0a000001 c0000201 ${hex(tail)}`;
}

describe('echo', () => {
  it('is answered from the address asked, with the same bytes and type of service', () => {
    const host = new Host();
    host.arrive(ping(56));
    const [reply] = host.sent;
    expect(reply).toMatchObject({ saddr: US, daddr: PEER, tos: 0x10, ttl: -1, protocol: 1, mark: 0 });
    expect(decodeMessage(reply?.bytes as Uint8Array)).toMatchObject({
      kind: 'echo',
      type: 0,
      code: 0,
      id: 11,
      sequence: 0x0c01,
      data: ping(56).slice(8),
    });
    const bytes = reply?.bytes as Uint8Array;
    expect(viewOf(bytes).getUint16(2)).toBe(checksumOf(viewOf(bytes), 0, bytes.length));
    expect(host.icmp.mib.Icmp).toMatchObject({
      InMsgs: 1,
      InEchos: 1,
      OutMsgs: 1,
      OutEchoReps: 1,
      InErrors: 0,
    });
    expect(host.icmp.mib.IcmpMsg).toEqual({ InType8: 1, OutType0: 1 });
    host.end();
  });

  it('goes back by reference: the reply’s payload is the request’s memory', () => {
    const host = new Host();
    host.arrive(ping(1000));
    expect(host.sent[0]?.frags).toBe(1);
    host.arrive(ping(0));
    expect(host.sent[1]?.frags).toBe(0);
    host.end();
  });

  it.each([1, 2, 7, 1472, 65_507])('of %d bytes has a right checksum', (length) => {
    const host = new Host();
    host.arrive(ping(length));
    const bytes = host.sent[0]?.bytes as Uint8Array;
    expect(bytes.length).toBe(length + 8);
    expect(viewOf(bytes).getUint16(2)).toBe(checksumOf(viewOf(bytes), 0, bytes.length));
    host.end();
  });

  it('keeps its code', () => {
    const host = new Host();
    host.arrive(hex('0805 0000 00010002'));
    expect(host.sent[0]?.bytes).toEqual(hex('0005 fff7 00010002'));
    host.end();
  });

  it('carries options back, and a mark where it is told to', () => {
    const host = new Host();
    host.options = hex('07070400 00000000');
    host.sysctl.fwmark_reflect = 1;
    const skb = host.packet(PEER, US, ping());
    skb.view.setUint16(skb.data + 2, checksumOf(skb.view, skb.data, skb.len));
    skb.mark = 7;
    host.icmp.receive(host.now, skb);
    expect(host.sent[0]).toMatchObject({ options: host.options, mark: 7, skbMark: 7 });
    host.end();
  });

  it('in as many pieces as a packet may have is answered all the same', () => {
    const host = new Host();
    const message = hex('0800 0000 000b 0c01 ff');
    const skb = host.packet(PEER, US, message);
    for (let i = 0; i < 45; i++) {
      const page = host.pool.page(2);
      if (page === undefined) throw new Error('no page');
      page.arena.bytes.set([i, i], page.start);
      skb.addFrag(page, page.start, 2);
    }
    skb.view.setUint16(skb.data + 2, csumFold(csumSkb(skb, 0, skb.len)));
    host.icmp.receive(host.now, skb);
    const bytes = host.sent[0]?.bytes as Uint8Array;
    expect([...bytes.slice(8, 13)]).toEqual([0xff, 0, 0, 1, 1]);
    expect(bytes.length).toBe(8 + 1 + 90);
    expect(viewOf(bytes).getUint16(2)).toBe(checksumOf(viewOf(bytes), 0, bytes.length));
    host.end();
  });

  it('icmp_echo_ignore_all: never', () => {
    const host = new Host();
    host.sysctl.icmp_echo_ignore_all = 1;
    host.arrive(ping());
    expect([host.sent, host.drops]).toEqual([[], []]);
    expect(host.icmp.mib.Icmp.InEchos).toBe(1);
    host.end();
  });

  it('is limited where icmp_ratemask says so: each destination, and all of them', () => {
    const host = new Host();
    host.sysctl.icmp_ratemask = 1 << 0;
    for (let i = 0; i < 10; i++) host.arrive(ping());
    expect(host.sent.length).toBe(6);
    expect(host.icmp.mib.Icmp).toMatchObject({ OutRateLimitHost: 4, OutRateLimitGlobal: 0 });
    const all = new Host();
    Object.assign(all.sysctl, { icmp_ratemask: 1 << 0, icmp_msgs_per_sec: 100, icmp_msgs_burst: 3 });
    for (let i = 0; i < 10; i++) all.arrive(ping());
    expect(all.sent.length).toBe(3);
    expect(all.icmp.mib.Icmp).toMatchObject({ OutRateLimitHost: 0, OutRateLimitGlobal: 7 });
    host.end();
    all.end();
  });

  it('is not answered without a route, or without memory', () => {
    const host = new Host();
    host.unroutable = 'ENETUNREACH';
    host.arrive(ping());
    host.unroutable = undefined;
    const message = ping();
    viewOf(message).setUint16(2, checksumOf(viewOf(message), 0, message.length));
    const skb = host.packet(PEER, US, message);
    const { page } = host.pool;
    host.pool.page = () => undefined;
    host.icmp.receive(host.now, skb);
    host.pool.page = page;
    expect(host.sent).toEqual([]);
    expect(host.icmp.mib.Icmp).toMatchObject({ OutMsgs: 0, OutErrors: 1 });
    host.end();
  });

  it.each([
    ['broadcast', BROADCAST],
    ['a group', GROUP],
  ])('to %s: ignored, or answered from our address', (_name, daddr) => {
    const host = new Host();
    host.arrive(ping(), PEER, daddr);
    expect([host.sent, host.drops, host.icmp.mib.Icmp.InErrors]).toEqual([[], ['INVALID_PROTO'], 1]);
    host.sysctl.icmp_echo_ignore_broadcasts = 0;
    host.arrive(ping(), PEER, daddr);
    expect(host.sent[0]).toMatchObject({ saddr: US, daddr: PEER });
    host.end();
  });
});

describe('timestamp', () => {
  it('is answered with the time of day', () => {
    const host = new Host();
    host.now = 86_400_000_000 + 1_234_000;
    host.arrive(hex('0d00 0000 0001 0002 00000005 00000000 00000000'));
    expect(decodeMessage(host.sent[0]?.bytes as Uint8Array)).toMatchObject({
      ...{ kind: 'timestamp', type: 14, id: 1, sequence: 2 },
      ...{ originate: 5, receive: 1234, transmit: 1234 },
    });
    expect(host.icmp.mib.Icmp).toMatchObject({ InTimestamps: 1, OutTimestampReps: 1 });
    host.end();
  });

  it('of fewer than four bytes is an error', () => {
    const host = new Host();
    host.arrive(hex('0d00 0000 0001 0002 000000'));
    expect([host.sent, host.drops, host.icmp.mib.Icmp.InErrors]).toEqual([[], ['PKT_TOO_SMALL'], 1]);
    host.end();
  });

  it('without memory is counted', () => {
    const host = new Host();
    const skb = host.packet(PEER, US, hex('0d00 f2ff 0000 0000 00000000 00000000 00000000'));
    const { page } = host.pool;
    host.pool.page = () => undefined;
    host.icmp.receive(host.now, skb);
    host.pool.page = page;
    expect(host.icmp.mib.Icmp).toMatchObject({ InTimestamps: 1, OutMsgs: 0, OutErrors: 1 });
    host.end();
  });

  it('to many is ignored as echo is', () => {
    const host = new Host();
    host.arrive(hex('0d00 0000 0001 0002 00000005 00000000 00000000'), PEER, BROADCAST);
    expect([host.sent, host.drops]).toEqual([[], ['INVALID_PROTO']]);
    host.end();
  });
});

describe('what is not answered', () => {
  it.each([
    ['a wrong checksum', '0800 1234 0001 0002', ['ICMP_CSUM'], { InErrors: 1, InCsumErrors: 1 }],
    ['seven bytes', '0800 f7ff 000000', ['PKT_TOO_SMALL'], { InErrors: 1, InCsumErrors: 0 }],
    ['no byte', '', ['ICMP_CSUM'], { InErrors: 1 }],
    ['type 19', '1300 ecff 0000 0000', ['UNHANDLED_PROTO'], { InErrors: 1 }],
    ['type 255', 'ff00 00ff 0000 0000', ['UNHANDLED_PROTO'], { InErrors: 1 }],
    ['an information request', '0f00 f0ff 0000 0000', [], { InErrors: 0 }],
    ['an address mask request', '1100 eeff 0000 0000', [], { InErrors: 0, InAddrMasks: 1 }],
    ['a router solicitation', '0a00 f5ff 0000 0000', [], { InErrors: 0 }],
    ['an extended echo', '2a00 d5ff 0000 0000', [], { InErrors: 0 }],
    ['type 1', '0100 feff 0000 0000', [], { InErrors: 0 }],
  ] as const)('%s', (_name, bytes, drops, counters) => {
    const host = new Host();
    host.arrive(hex(bytes), PEER, US, true);
    expect(host.drops).toEqual(drops);
    expect(host.icmp.mib.Icmp).toMatchObject({ InMsgs: 1, OutMsgs: 0, ...counters });
    host.end();
  });

  it('an error to a broadcast address', () => {
    const host = new Host();
    host.arrive(about('0303 0000 00000000'), PEER, BROADCAST);
    expect([host.errors, host.drops]).toEqual([[], ['INVALID_PROTO']]);
    host.arrive(hex('1200 0000 00010002 ffffff00'), PEER, BROADCAST);
    expect(host.drops.length).toBe(1);
    host.end();
  });
});

describe('errors in', () => {
  const unreachable = (code: number, errno: string, fatal: boolean) =>
    [`03${code.toString(16).padStart(2, '0')} 0000 00000000`, errno, fatal] as const;

  it.each([
    unreachable(0, 'ENETUNREACH', false),
    unreachable(1, 'EHOSTUNREACH', false),
    unreachable(2, 'ENOPROTOOPT', true),
    unreachable(3, 'ECONNREFUSED', true),
    unreachable(4, 'EMSGSIZE', false),
    unreachable(5, 'EOPNOTSUPP', false),
    unreachable(6, 'ENETUNREACH', true),
    unreachable(7, 'EHOSTDOWN', true),
    unreachable(8, 'ENONET', true),
    unreachable(9, 'ENETUNREACH', true),
    unreachable(10, 'EHOSTUNREACH', true),
    unreachable(11, 'ENETUNREACH', false),
    unreachable(12, 'EHOSTUNREACH', false),
    unreachable(13, 'EHOSTUNREACH', true),
    unreachable(14, 'EHOSTUNREACH', true),
    unreachable(15, 'EHOSTUNREACH', true),
    ['0b00 0000 00000000', 'EHOSTUNREACH', false],
    ['0c00 0000 14000000', 'EPROTO', true],
    ['0400 0000 00000000', '', false],
  ] as const)('%s is %s', (head, errno, fatal) => {
    const host = new Host();
    host.arrive(about(head), ROUTER);
    expect(host.errors).toMatchObject([
      {
        ...{ errno, fatal, protocol: 17, saddr: US, daddr: FAR, offender: ROUTER, ifindex: 1 },
        ...{ type: Number(`0x${head.slice(0, 2)}`), code: Number(`0x${head.slice(2, 4)}`) },
        header: hex('1f90 0035 0010 0000 cafebabe'),
        payload: hex('cafebabe'),
      },
    ]);
    expect([host.drops, host.icmp.mib.Icmp.InErrors]).toEqual([[], 0]);
    host.end();
  });

  it('a parameter problem has a pointer', () => {
    const host = new Host();
    host.arrive(about('0c00 0000 14000000'), ROUTER);
    expect(host.errors[0]?.info).toBe(20);
    host.end();
  });

  it.each([
    ['no quote', '0303 0000 00000000', ['PKT_TOO_SMALL'], 1],
    ['19 bytes of it', `0303 0000 00000000 45${'00'.repeat(18)}`, ['PKT_TOO_SMALL'], 1],
    ['IHL 4', `0303 0000 00000000 44${'00'.repeat(27)}`, ['IP_INHDR'], 1],
    ['seven bytes of transport header', `0303 0000 00000000 45${'00'.repeat(26)}`, [], 1],
    ['IHL 6 without room for it', `0303 0000 00000000 46${'00'.repeat(27)}`, [], 1],
    ['unreachable with code 16', `0310 0000 00000000 45${'00'.repeat(27)}`, [], 0],
    ['fragments that were missing', `0b01 0000 00000000 45${'00'.repeat(27)}`, [], 0],
  ])('%s: nobody is told', (_name, bytes, drops, errors) => {
    const host = new Host();
    host.arrive(hex(bytes));
    expect([host.errors, host.drops, host.icmp.mib.Icmp.InErrors]).toEqual([[], drops, errors]);
    host.end();
  });

  it('extensions are no part of the quote', () => {
    const host = new Host();
    const head = about('0b00 0000 00070000', 17, '1f90 0035 0010 0000');
    host.arrive(hex`${head} 2000c55f 00080101 18960101`);
    expect(host.errors[0]).toMatchObject({ length: 8, payload: new Uint8Array(0) });
    host.end();
  });

  it('of other protocols than UDP is handed out from the transport header on', () => {
    const host = new Host();
    const tcp = '1f90 0050 00000001 00000000 6002 ffff 0000 0000 020405b4 cafe';
    host.arrive(about('0303 0000 00000000', 6, tcp));
    host.arrive(about('0303 0000 00000000', 17, tcp));
    expect(host.errors.map(({ payload }) => payload)).toEqual([hex(tcp), hex(tcp).slice(8)]);
    host.end();
  });

  it('bogus ones, about a broadcast, can be told to be ignored', () => {
    const host = new Host();
    const bogus = about('0303 0000 00000000');
    viewOf(bogus).setUint32(8 + 16, BROADCAST);
    host.arrive(bogus.slice());
    expect(host.errors.length).toBe(1);
    host.sysctl.icmp_ignore_bogus_error_responses = 0;
    host.arrive(bogus.slice());
    expect(host.errors.length).toBe(1);
    host.end();
  });
});

describe('path MTU, RFC 1191', () => {
  it.each([
    ['is told', 0, 17, 0x0578, [1400], 1400, 1],
    ['is not told: the next plateau below 1500', 0, 17, 0, [1492], 1492, 1],
    ['mode 1: not believed, but the socket hears', 1, 17, 0x0578, [], 0, 1],
    ['mode 2: ignored', 2, 17, 0x0578, [], 0, 0],
    ['mode 3: not from UDP, which cannot check', 3, 17, 0x0578, [], 0, 0],
    ['mode 3: from TCP, which can', 3, 6, 0x0578, [1400], 1400, 1],
  ])('%s', (_name, mode, protocol, mtu, told, info, errors) => {
    const host = new Host();
    host.sysctl.ip_no_pmtu_disc = mode;
    const message = about('0304 0000 00000000', protocol);
    viewOf(message).setUint16(6, mtu);
    host.arrive(message, ROUTER);
    expect(host.pmtus).toEqual(told.map((bytes) => [FAR, bytes]));
    expect(host.errors.map((error) => error.info)).toEqual(errors === 0 ? [] : [info]);
    host.end();
  });
});

describe('redirect', () => {
  it('goes to the routes, and to nobody as an error', () => {
    const host = new Host();
    host.arrive(about('0501 0000 0a0000fd'), ROUTER);
    expect(host.redirects).toEqual([[FAR, 0x0a00_00fd, ROUTER]]);
    expect(host.errors).toMatchObject([{ errno: '', fatal: false, info: 0x0a00_00fd }]);
    expect(host.icmp.mib.Icmp.InRedirects).toBe(1);
    host.arrive(hex('0501 0000 0a0000fd 45'));
    expect(host.drops).toEqual(['PKT_TOO_SMALL']);
    host.end();
  });
});

describe('probe', () => {
  it('tells the landmarks', () => {
    const host = new Host();
    const names: string[] = [];
    host.icmp.probe = (fn) => names.push(fn);
    host.arrive(ping());
    host.arrive(about('0303 0000 00000000'));
    const skb = host.packet(PEER, US, new Uint8Array(8), 17);
    host.icmp.send(host.now, skb, 3, 3, 0);
    skb.free();
    expect(names).toEqual(['icmp_rcv', 'icmp_echo', 'icmp_rcv', 'icmp_unreach', '__icmp_send']);
    host.end();
  });

  it('countOut is for raw sockets', () => {
    const host = new Host();
    host.icmp.countOut(8);
    host.icmp.countOut(200);
    expect(host.icmp.mib.Icmp).toMatchObject({ OutMsgs: 2, OutEchos: 1 });
    expect(host.icmp.mib.IcmpMsg).toEqual({ OutType8: 1, OutType200: 1 });
  });
});
