import { viewOf } from '@stack/skbuff';
import {
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  POLLRDHUP,
  RCV_SHUTDOWN,
  SEND_SHUTDOWN,
  SHUTDOWN_MASK,
  SO_EE_ORIGIN_ICMP,
} from '@stack/skbuff/sock';
import { hex } from '@stack/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formatAddress } from '../address.ts';
import { decode, verify } from '../header.ts';
import { type HeaderPart, ip4, packet, type Toy, World } from './fixture.ts';
import {
  MSG_DONTROUTE,
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  RawMessage,
} from './message.ts';
import type { Quote } from './ports.ts';
import type { RawSock } from './raw-sock.ts';

let world: World;
let host: Toy;
beforeEach(() => {
  world = new World();
  host = world.host('a');
  host.device(
    'tun0',
    {},
    { local: ip4('10.0.0.1'), prefixLength: 24 },
    { local: ip4('10.5.0.1'), prefixLength: 24 },
  );
});
afterEach(() => {
  for (const list of host.ip.raw.sockets)
    for (const sk of [...(list ?? [])]) host.ip.raw.close(world.now, sk);
  world.finish();
});

function open(protocol: number): RawSock {
  const sk = host.ip.raw.socket(protocol);
  if (typeof sk === 'string') throw new Error(sk);
  return sk;
}

const big = (length: number): Uint8Array => new Uint8Array(length);

function sendto(
  sk: RawSock,
  bytes: Uint8Array,
  to?: string,
  flags = 0,
  part: Partial<RawMessage> = {},
): number | string {
  const message = Object.assign(new RawMessage(), part);
  message.address = to === undefined ? undefined : ip4(to);
  return host.ip.raw.sendmsg(world.now, sk, bytes, 0, bytes.length, flags, message);
}

function receive(sk: RawSock, length = 100, flags = 0, message = new RawMessage()): Uint8Array | string {
  const into = big(length);
  const count = host.ip.raw.recvmsg(world.now, sk, into, 0, length, flags, message);
  return typeof count === 'string' ? count : into.subarray(0, Math.min(count, length));
}

const inject = (part: HeaderPart, payload = hex`01020304`): Uint8Array => {
  const bytes = packet(part, payload);
  host.inject(bytes, 2);
  return bytes;
};

describe('sending, as Linux 6.18 did', () => {
  it.each<[string, string | undefined, number, number, number | string]>([
    ['without destination', undefined, 1, 0, 'EDESTADDRREQ'],
    ['five bytes', '10.0.0.2', 5, 0, 5],
    ['more than a packet', '10.0.0.2', 65_536, 0, 'EMSGSIZE'],
    ['all of a packet', '10.0.0.2', 65_515, 0, 65_515],
    ['more than fits behind a header', '10.0.0.2', 65_516, 0, 'EMSGSIZE'],
    ['out of band', '10.0.0.2', 1, MSG_OOB, 'EOPNOTSUPP'],
    ['a broadcast', '10.0.0.255', 1, 0, 'EACCES'],
    ['to nowhere', '8.8.8.8', 1, 0, 'ENETUNREACH'],
    ['not over a gateway', '9.9.9.9', 1, MSG_DONTROUTE, 'ENETUNREACH'],
  ])('%s', (_, to, length, flags, expected) => {
    host.fib.route(ip4('9.0.0.0'), 8, 2, { via: ip4('10.0.0.9') });
    expect(sendto(open(99), big(length), to, flags)).toBe(expected);
  });

  it('puts a header in front', () => {
    const sk = open(99);
    sk.inet.tos = 0x10;
    sk.mark = 7;
    expect(sendto(sk, hex`68656c6c6f`, '10.0.0.2')).toBe(5);
    const { bytes } = host.output[0]!;
    expect(decode(bytes)).toMatchObject({
      protocol: 99,
      flags: 2,
      tos: 0x10,
      ttl: 64,
      saddr: ip4('10.0.0.1'),
    });
    expect(bytes.slice(20)).toEqual(hex`68656c6c6f`);
    expect(sk.wmemAlloc).toBe(0);
  });

  it('takes source, device, TTL and TOS from the message', () => {
    sendto(open(99), hex`01`, '10.0.0.2', 0, { source: ip4('10.5.0.1'), ttl: 9, tos: 4 });
    expect(decode(host.output[0]!.bytes)).toMatchObject({ saddr: ip4('10.5.0.1'), ttl: 9, tos: 4 });
    const sk = open(99);
    sk.inet.tos = 8;
    sk.inet.ttl = 33;
    sendto(sk, hex`01`, '10.0.0.2');
    sendto(sk, hex`01`, '10.0.0.2', 0, { ttl: 1, tos: 0 });
    expect(host.output.slice(1).map(({ bytes }) => [decode(bytes).ttl, decode(bytes).tos])).toEqual([
      [33, 8],
      [1, 0],
    ]);
    host.ip.raw.connect(world.now, sk, ip4('10.0.0.2'));
    expect(host.ip.raw.sendmsg(world.now, sk, hex`01`, 0, 1, 0)).toBe(1);
    expect(decode(host.output.at(-1)!.bytes)).toMatchObject({ ttl: 33, tos: 8 });
    expect(sendto(open(99), hex`01`, '8.8.8.8', 0, { ifindex: 2 })).toBe(1);
    expect(sendto(open(99), hex`01`, '8.8.8.8', 0, { ifindex: 77 })).toBe('ENODEV');
  });

  it('goes over a gateway where it may, and not where it may not', () => {
    host.fib.route(ip4('9.0.0.0'), 8, 2, { via: ip4('10.0.0.9') });
    const sk = open(99);
    expect(sendto(sk, hex`01`, '9.9.9.9')).toBe(1);
    sk.localRoute = true;
    expect(sendto(sk, hex`01`, '9.9.9.9')).toBe('ENETUNREACH');
    expect(sendto(sk, hex`01`, '10.0.0.2')).toBe(1);
    sk.localRoute = false;
    const strict = host.ip.compileOptions(hex`890704 09090909`);
    if (typeof strict === 'string') throw new Error(strict);
    sk.inet.options = strict;
    expect(sendto(sk, hex`01`, '10.0.0.2')).toBe('ENETUNREACH');
  });

  it('from the address bound, to groups too', () => {
    const sk = open(99);
    host.ip.raw.bind(world.now, sk, ip4('10.5.0.1'));
    sk.inet.mcIndex = 2;
    sendto(sk, hex`01`, '10.0.0.2');
    sendto(sk, hex`01`, '239.1.1.1');
    sk.inet.mcAddr = ip4('10.0.0.1');
    sendto(sk, hex`01`, '10.0.0.2');
    expect(host.output.map(({ bytes }) => formatAddress(decode(bytes).saddr))).toEqual(
      Array(3).fill('10.5.0.1'),
    );
  });

  it('broadcasts and multicasts where it may', () => {
    const sk = open(99);
    sk.broadcast = true;
    expect(sendto(sk, hex`01`, '10.0.0.255')).toBe(1);
    sk.inet.mcIndex = 2;
    sk.inet.mcAddr = ip4('10.5.0.1');
    expect(sendto(sk, hex`01`, '239.1.1.1')).toBe(1);
    world.run();
    expect(host.output.map(({ bytes }) => [decode(bytes).ttl, formatAddress(decode(bytes).saddr)])).toEqual([
      [64, '10.0.0.1'],
      [1, '10.5.0.1'],
    ]);
  });

  it('connected counts ids up', () => {
    const sk = open(99);
    host.randoms.push(0x1234);
    expect(host.ip.raw.connect(world.now, sk, ip4('10.0.0.9'))).toBeUndefined();
    expect([sendto(sk, hex`01`), sendto(sk, hex`02`)]).toEqual([1, 1]);
    expect(host.output.map(({ bytes }) => [decode(bytes).id, formatAddress(decode(bytes).daddr)])).toEqual([
      [0x1234, '10.0.0.9'],
      [0x1235, '10.0.0.9'],
    ]);
  });

  it('waits for room, tells errors, and ends', () => {
    const sk = open(99);
    sk.sndbuf = 0;
    expect(sendto(sk, hex`01`, '10.0.0.2')).toBe('EAGAIN');
    sk.sndbuf = 1000;
    sk.err = 'EHOSTUNREACH';
    expect([sendto(sk, hex`01`, '10.0.0.2'), sendto(sk, hex`01`, '10.0.0.2')]).toEqual(['EHOSTUNREACH', 1]);
    expect(host.ip.raw.shutdown(world.now, sk, SEND_SHUTDOWN)).toBe('ENOTCONN');
    expect(sendto(sk, hex`01`, '10.0.0.2')).toBe('EPIPE');
  });

  it('minds a full queue with IP_RECVERR alone', () => {
    const sk = open(99);
    host.verdict = 1;
    expect(sendto(sk, hex`01`, '10.0.0.2')).toBe(1);
    sk.inet.recverr = true;
    expect(sendto(sk, hex`01`, '10.0.0.2')).toBe('ENOBUFS');
  });

  it('goes by a source route', () => {
    const sk = open(99);
    const options = host.ip.compileOptions(hex`830b04 0a000009 0a000008`);
    if (typeof options === 'string') throw new Error(options);
    sk.inet.options = options;
    expect(sendto(sk, hex`01`, '7.7.7.7')).toBe(1);
    const { bytes, nexthop } = host.output[0]!;
    expect([formatAddress(nexthop), bytes.slice(20, 31)]).toEqual([
      '10.0.0.9',
      hex`830b04 0a000008 07070707`,
    ]);
  });
});

describe('IP_HDRINCL, as Linux 6.18 did', () => {
  const part = { saddr: '10.0.0.1', daddr: '10.0.0.2', protocol: 99 };

  it.each<[string, Uint8Array, number | string, Partial<HeaderPart> & { saddr: string; daddr: string }]>([
    ['as it is', packet({ ...part, id: 7 }, hex`6869`), 22, { ...part, id: 7 }],
    [
      'source filled in',
      packet({ ...part, saddr: '0.0.0.0', id: 7, totLen: 5000 }, hex`6869`),
      22,
      { ...part, id: 7 },
    ],
    [
      'any source',
      packet({ ...part, saddr: '9.9.9.9', id: 7 }, hex`6869`),
      22,
      { ...part, saddr: '9.9.9.9', id: 7 },
    ],
    [
      'another destination',
      packet({ ...part, daddr: '10.0.0.77', id: 7 }, hex`6869`),
      22,
      { ...part, daddr: '10.0.0.77', id: 7 },
    ],
    [
      'another version',
      packet({ ...part, version: 6, id: 7 }, hex`6869`),
      22,
      { ...part, version: 6, id: 7 },
    ],
  ])('%s', (_, bytes, expected, header) => {
    const broken = bytes.slice();
    broken[10] = 0xab; // the checksum is always filled in
    expect(sendto(open(255), broken, '10.0.0.2')).toBe(expected);
    const sent = host.output[0]!.bytes;
    expect(sent).toEqual(packet(header, hex`6869`));
    expect(verify(viewOf(sent), 0)).toBe(true);
  });

  it('fills in an id of 0', () => {
    sendto(open(255), packet(part, hex`6869`), '10.0.0.2');
    expect(decode(host.output[0]!.bytes).id).not.toBe(0);
  });

  it.each<[string, Uint8Array, string]>([
    ['no header', hex`${big(19)}`, 'EINVAL'],
    ['an IHL of 4', packet({ ...part, ihl: 4 }), 'EINVAL'],
    ['an IHL beyond the bytes', packet({ ...part, ihl: 15 }), 'EINVAL'],
    ['more than the device takes', packet(part, big(1481)), 'EMSGSIZE'],
  ])('%s', (_, bytes, expected) => {
    expect(sendto(open(255), bytes, '10.0.0.2')).toBe(expected);
    expect(host.output).toEqual([]);
  });

  it('and IP_OPTIONS do not go together', () => {
    const sk = open(255);
    host.ip.setsockopt(
      world.now,
      { sk, inet: sk.inet, type: 'SOCK_RAW', dst: undefined },
      'IP_OPTIONS',
      hex`070704 00000000`,
    );
    expect(sendto(sk, packet(part, hex`01`), '10.0.0.2')).toBe('EINVAL');
  });
});

describe('receiving', () => {
  it('is what others do not take away: header and all, one copy each', () => {
    const [a, b] = [open(17), open(17)];
    const bytes = inject({ saddr: '10.0.0.2', daddr: '10.0.0.1' });
    expect([receive(a), receive(b), host.delivered.length]).toEqual([bytes, bytes, 1]);
    expect(receive(a)).toBe('EAGAIN');
    expect(a.rmemAlloc).toBe(0);
  });

  it('makes a protocol known', () => {
    const sk = open(99);
    inject({ saddr: '10.0.0.2', daddr: '10.0.0.1', protocol: 99 });
    expect([host.icmp.length, host.ip.mib.Ip.InDelivers, host.ip.mib.Ip.InUnknownProtos]).toEqual([0, 1, 0]);
    host.ip.raw.close(world.now, sk);
    inject({ saddr: '10.0.0.2', daddr: '10.0.0.1', protocol: 99 });
    expect([host.icmp.length, host.ip.mib.Ip.InUnknownProtos]).toEqual([1, 1]);
  });

  it('is of the address bound, the peer connected, the device', () => {
    const [any, bound, connected, device] = [open(99), open(99), open(99), open(99)];
    expect(host.ip.raw.bind(world.now, bound, ip4('10.5.0.1'))).toBeUndefined();
    expect(host.ip.raw.connect(world.now, connected, ip4('10.0.0.7'))).toBeUndefined();
    device.boundDevIf = 3;
    const all = [any, bound, connected, device];
    const who = (saddr: string, daddr: string): boolean[] => {
      inject({ saddr, daddr, protocol: 99 });
      return all.map((sk) => typeof receive(sk) !== 'string');
    };
    expect(who('10.0.0.2', '10.0.0.1')).toEqual([true, false, false, false]);
    expect(who('10.0.0.7', '10.0.0.1')).toEqual([true, false, true, false]);
    expect(who('10.0.0.2', '10.5.0.1')).toEqual([true, true, false, false]);
    host.ip.raw.disconnect(world.now, connected);
    expect(who('10.0.0.2', '10.5.0.1')).toEqual([true, true, true, false]);
  });

  it('says whose it was, peeks, and cuts', () => {
    const sk = open(99);
    sk.inet.pktinfo = true;
    const bytes = inject({ saddr: '10.0.0.2', daddr: '10.0.0.255', protocol: 99, ttl: 9, tos: 4 });
    const message = new RawMessage();
    expect(receive(sk, 10, MSG_PEEK, message)).toEqual(bytes.slice(0, 10));
    expect(message).toMatchObject({
      address: ip4('10.0.0.2'),
      destination: ip4('10.0.0.255'),
      source: ip4('10.0.0.1'),
      flags: MSG_TRUNC,
      ifindex: 2,
      ttl: 9,
      tos: 4,
    });
    expect(host.ip.raw.recvmsg(world.now, sk, big(10), 0, 10, MSG_TRUNC)).toBe(24);
    expect(receive(sk)).toBe('EAGAIN');
  });

  it('has its buffer’s limit', () => {
    const sk = open(99);
    sk.rcvbuf = 1000;
    for (let i = 0; i < 5; i++) inject({ saddr: '10.0.0.2', daddr: '10.0.0.1', protocol: 99 });
    expect([sk.receiveQueue.qlen, sk.drops]).toEqual([2, 3]);
    sk.err = 'EPROTO';
    expect([receive(sk), typeof receive(sk)]).toEqual(['EPROTO', 'object']);
  });

  it('of ICMP is filtered by type', () => {
    const [sk, other] = [open(1), open(99)];
    expect(host.ip.raw.setsockopt(world.now, sk, 'ICMP_FILTER', 1 << 8)).toBeUndefined();
    expect(host.ip.raw.getsockopt(world.now, sk, 'ICMP_FILTER')).toBe(1 << 8);
    expect(host.ip.raw.setsockopt(world.now, other, 'ICMP_FILTER', 0)).toBe('EOPNOTSUPP');
    expect(host.ip.raw.getsockopt(world.now, other, 'ICMP_FILTER')).toBe('EOPNOTSUPP');
    expect(host.ip.raw.setsockopt(world.now, sk, 'OTHER', 0)).toBe('ENOPROTOOPT');
    expect(host.ip.raw.getsockopt(world.now, sk, 'OTHER')).toBe('ENOPROTOOPT');
    const seen = ['08', '00', '28', ''].map((type) => {
      inject({ saddr: '10.0.0.2', daddr: '10.0.0.1', protocol: 1 }, hex(type));
      return typeof receive(sk) !== 'string';
    });
    expect(seen).toEqual([false, true, true, false]);
  });

  it('of groups is what it joined', () => {
    const sk = open(99);
    const inetOf = { sk, inet: sk.inet, type: 'SOCK_RAW', dst: undefined } as const;
    sk.inet.mcAll = false;
    const group = { group: ip4('239.1.1.1'), ifindex: 2 };
    const hears = (): boolean => {
      host.inject(packet({ saddr: '10.0.0.2', daddr: '239.1.1.1', protocol: 99 }, hex`01`), 2, 2);
      return typeof receive(sk) !== 'string';
    };
    expect(hears()).toBe(false);
    host.ip.setsockopt(world.now, inetOf, 'IP_ADD_MEMBERSHIP', group);
    expect(hears()).toBe(true);
    host.ip.setsockopt(world.now, inetOf, 'IP_BLOCK_SOURCE', { ...group, source: ip4('10.0.0.2') });
    expect(hears()).toBe(false);
    host.ip.raw.close(world.now, sk);
    expect(host.devices[1]?.groups).toEqual([ip4('224.0.0.1')]);
  });

  it('ends with shutdown and close', () => {
    const sk = open(99);
    const woken: number[] = [];
    sk.wake = (_, events) => woken.push(events);
    host.ip.raw.connect(world.now, sk, ip4('10.0.0.7'));
    expect(host.ip.raw.poll(sk)).toBe(POLLOUT);
    expect(host.ip.raw.shutdown(world.now, sk, 4)).toBe('EINVAL');
    expect(host.ip.raw.shutdown(world.now, sk, RCV_SHUTDOWN)).toBeUndefined();
    expect(receive(sk)).toEqual(hex``);
    expect(receive(sk, 10, MSG_DONTWAIT)).toBe('EAGAIN');
    expect(host.ip.raw.poll(sk)).toBe(POLLOUT | POLLIN | POLLRDHUP);
    host.ip.raw.shutdown(world.now, sk, SHUTDOWN_MASK);
    expect(host.ip.raw.poll(sk)).toBe(POLLOUT | POLLIN | POLLRDHUP | POLLHUP);
    inject({ saddr: '10.0.0.7', daddr: '10.0.0.1', protocol: 99 });
    expect(woken.at(-1)).toBe(POLLIN);
    host.ip.raw.close(world.now, sk);
    host.ip.raw.close(world.now, sk);
    expect([host.ip.raw.any(99), sk.receiveQueue.qlen, sk.rmemAlloc]).toEqual([false, 0, 0]);
  });
});

describe('calls that fail', () => {
  it.each([0, -1, 256, 1.5, Number.NaN])('protocol %s is none', (protocol) => {
    expect(host.ip.raw.socket(protocol)).toBe('EPROTONOSUPPORT');
  });

  it.each([
    ['1.2.3.4', 'EADDRNOTAVAIL'],
    ['10.0.0.255', undefined],
    ['10.5.0.1', undefined],
    ['0.0.0.0', undefined],
  ])('bind to %s: %s', (address, expected) => {
    expect(host.ip.raw.bind(world.now, open(99), ip4(address))).toBe(expected);
  });

  it('bind when connected, connect to nowhere or to all', () => {
    const sk = open(99);
    expect(host.ip.raw.connect(world.now, sk, ip4('8.8.8.8'))).toBe('ENETUNREACH');
    expect(host.ip.raw.connect(world.now, sk, ip4('10.0.0.255'))).toBe('EACCES');
    expect(host.ip.raw.connect(world.now, sk, ip4('10.0.0.7'))).toBeUndefined();
    expect(sk).toMatchObject({ saddr: ip4('10.0.0.1'), rcvSaddr: ip4('10.0.0.1'), state: 'ESTABLISHED' });
    expect(host.ip.raw.bind(world.now, sk, ip4('10.5.0.1'))).toBe('EINVAL');
  });

  it('bytes that are not there', () => {
    const sk = open(99);
    expect(() => host.ip.raw.sendmsg(world.now, sk, big(5), 3, 3, 0)).toThrow(RangeError);
    expect(() => host.ip.raw.recvmsg(world.now, sk, big(5), 6, 0, 0)).toThrow(RangeError);
  });
});

describe('ICMP errors, as Linux 6.18 told them', () => {
  const quote = (part: Partial<Quote>): Quote => ({
    view: viewOf(hex`3132333435363738`),
    at: 0,
    length: 8,
    saddr: ip4('10.0.0.1'),
    daddr: ip4('10.0.0.2'),
    protocol: 98,
    type: 3,
    code: 1,
    info: 0,
    errno: 'EHOSTUNREACH',
    fatal: false,
    offender: ip4('10.0.0.8'),
    ifindex: 2,
    payload: () => hex``,
    ...part,
  });

  it.each<[string, Partial<Quote>, string, string]>([
    ['host unreachable', {}, '', 'EHOSTUNREACH'],
    ['protocol unreachable', { code: 2, errno: 'ENOPROTOOPT', fatal: true }, 'ENOPROTOOPT', 'ENOPROTOOPT'],
    ['fragmentation needed', { code: 4, info: 1280, errno: 'EMSGSIZE' }, 'EMSGSIZE', 'EMSGSIZE'],
    ['TTL exceeded', { type: 11, code: 0 }, '', 'EHOSTUNREACH'],
    ['parameter problem', { type: 12, code: 0, info: 20, errno: 'EPROTO', fatal: true }, 'EPROTO', 'EPROTO'],
    ['source quench', { type: 4, code: 0, errno: '' }, '', ''],
  ])('%s', (_, part, connected, queued) => {
    const [conn, unconnected, recverr] = [open(98), open(98), open(98)];
    host.ip.raw.connect(world.now, conn, ip4('10.0.0.2'));
    recverr.inet.recverr = true;
    host.ip.error(world.now, quote(part));
    expect([conn.err, unconnected.err, recverr.err]).toEqual([connected, '', queued]);
    const message = new RawMessage();
    const bytes = receive(recverr, 100, MSG_ERRQUEUE, message);
    if (queued === '') expect(bytes).toBe('EAGAIN');
    else {
      expect(bytes).toEqual(hex`3132333435363738`);
      expect(message).toMatchObject({
        address: ip4('10.0.0.2'),
        flags: MSG_ERRQUEUE,
        error: { errno: queued, origin: SO_EE_ORIGIN_ICMP, info: part.info ?? 0, offender: ip4('10.0.0.8') },
      });
      expect(recverr.err).toBe('');
    }
  });

  it('fragmentation needed is nothing to who never asked', () => {
    const sk = open(98);
    sk.inet.pmtudisc = 0;
    host.ip.raw.connect(world.now, sk, ip4('10.0.0.2'));
    host.ip.error(world.now, quote({ code: 4, errno: 'EMSGSIZE', fatal: true }));
    expect(sk.err).toBe('');
  });

  it('the next one waiting is the pending one', () => {
    const sk = open(98);
    sk.inet.recverr = true;
    host.ip.error(world.now, quote({}));
    host.ip.error(world.now, quote({ code: 2, errno: 'ENOPROTOOPT' }));
    expect(host.ip.raw.poll(sk) & POLLERR).toBe(POLLERR);
    receive(sk, 100, MSG_ERRQUEUE);
    expect(sk.err).toBe('ENOPROTOOPT');
    const message = new RawMessage();
    expect(receive(sk, 3, MSG_ERRQUEUE, message)).toEqual(hex`313233`);
    expect([message.flags, sk.err, sk.rmemAlloc]).toEqual([MSG_ERRQUEUE | MSG_TRUNC, '', 0]);
  });

  it('go to the protocol too', () => {
    const errors: string[] = [];
    host.ip.register(98, { receive: (_, skb) => skb.free(), error: (_, { errno }) => errors.push(errno) });
    host.ip.error(world.now, quote({}));
    host.ip.error(world.now, quote({ protocol: 97 }));
    expect(errors).toEqual(['EHOSTUNREACH']);
  });
});
