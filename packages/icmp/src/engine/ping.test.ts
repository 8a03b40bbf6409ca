import { viewOf } from '@stack/skbuff';
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDHUP, SO_EE_ORIGIN_ICMP } from '@stack/skbuff/sock';
import { hex } from '@stack/testkit';
import { describe, expect, it } from 'vitest';
import { checksumOf } from '../checksum.ts';
import { BROADCAST, FAR, GROUP, Host, PEER, ROUTER, US } from './fixture.ts';
import { Message, MSG_DONTWAIT, MSG_ERRQUEUE, MSG_OOB, MSG_PEEK, MSG_TRUNC } from './message.ts';
import type { PingSock } from './ping-sock.ts';

function socket(host: Host, id = 0): PingSock {
  const sk = host.icmp.ping.socket({
    ...{ tos: 0, ttl: -1, recverr: false, pmtudisc: 1, mcTtl: 1, mcIndex: 0, mcAddr: 0, ucIndex: 0 },
    ...{ freebind: false, pktinfo: false },
  });
  if (id !== 0) expect(host.icmp.ping.bind(0, sk, 0, id)).toBeUndefined();
  return sk;
}

function send(
  host: Host,
  sk: PingSock,
  text = '0800 1234 0005 0007 616263',
  to: number | undefined = PEER,
  flags = 0,
  part: Partial<Message> = {},
): number | string {
  const message = Object.assign(new Message(), part);
  message.address = to;
  const bytes = hex(text);
  return host.icmp.ping.sendmsg(host.now, sk, bytes, 0, bytes.length, flags, message);
}

function read(host: Host, sk: PingSock, flags = 0, message = new Message()): Uint8Array | string {
  const into = new Uint8Array(100);
  const result = host.icmp.ping.recvmsg(host.now, sk, into, 0, 100, flags, message);
  return typeof result === 'string' ? result : into.slice(0, result);
}

/** A reply to identifier `id`. */
function reply(id: number): Uint8Array {
  return hex`0000 0000 ${Uint8Array.of(id >> 8, id & 0xff)} 0007 616263`;
}

/** An error about an echo request with identifier `id`. */
function about(id: number, head: string): Uint8Array {
  const request = hex`0800 0000 ${Uint8Array.of(id >> 8, id & 0xff)} 0007 616263`;
  return hex`${hex(head)} 4500 001f 0001 4000 40 01 0000 0a000001 0a000005 ${request}`;
}

// Verdicts of Linux 6.18 over a TUN device.
describe('a request', () => {
  it('gets the socket’s identifier and a right checksum', () => {
    const host = new Host();
    const sk = socket(host, 77);
    expect(send(host, sk)).toBe(11);
    const bytes = host.sent[0]?.bytes as Uint8Array;
    expect([...bytes.slice(4)]).toEqual([...hex('004d 0007 616263')]);
    expect(viewOf(bytes).getUint16(2)).toBe(checksumOf(viewOf(bytes), 0, 11));
    expect(host.sent[0]).toMatchObject({ daddr: PEER, saddr: US, inet: sk.inet, tos: 0, ttl: -1 });
    expect(host.icmp.mib.Icmp).toMatchObject({ OutMsgs: 1, OutEchos: 1 });
    host.icmp.ping.close(0, sk);
    host.end();
  });

  it.each([
    ['seven bytes', '0800 0000 000000', PEER, 0, 'EINVAL'],
    ['a reply', '0000 0000 0000 0000', PEER, 0, 'EINVAL'],
    ['code 1', '0801 0000 0000 0000', PEER, 0, 'EINVAL'],
    ['extended echo', '2a00 0000 0000 0000', PEER, 0, 8],
    ['urgent data', '0800 0000 0000 0000', PEER, MSG_OOB, 'EOPNOTSUPP'],
    ['nowhere to go', '0800 0000 0000 0000', undefined, 0, 'EDESTADDRREQ'],
    ['broadcast', '0800 0000 0000 0000', BROADCAST, 0, 'EACCES'],
    ['65515 bytes', `0800${'00'.repeat(65_513)}`, PEER, 0, 65_515],
    ['65516 bytes', `0800${'00'.repeat(65_514)}`, PEER, 0, 'EMSGSIZE'],
    ['65536 bytes', `0800${'00'.repeat(65_534)}`, PEER, 0, 'EMSGSIZE'],
  ] as const)('%s', (_name, text, to, flags, expected) => {
    const host = new Host();
    const sk = socket(host);
    const message = new Message();
    message.address = to;
    const bytes = hex(text);
    expect(host.icmp.ping.sendmsg(0, sk, bytes, 0, bytes.length, flags, message)).toBe(expected);
    expect(host.sent.length).toBe(typeof expected === 'number' ? 1 : 0);
    host.icmp.ping.close(0, sk);
    host.end();
  });

  it('is held to the MTU where it must not be fragmented', () => {
    const host = new Host();
    const sk = socket(host);
    sk.inet.pmtudisc = 2;
    expect(send(host, sk, `0800${'00'.repeat(1478)}`)).toBe(1480);
    expect(send(host, sk, `0800${'00'.repeat(1479)}`)).toBe('EMSGSIZE');
    host.icmp.ping.close(0, sk);
    host.end();
  });

  it('goes by the socket’s options, or by those of the message', () => {
    const host = new Host();
    const sk = socket(host);
    Object.assign(sk.inet, { tos: 0x10, ttl: 9, mcTtl: 3, mcIndex: 5, mcAddr: 0x0a00_0002, ucIndex: 6 });
    sk.mark = 7;
    send(host, sk);
    send(host, sk, undefined, GROUP);
    send(host, sk, undefined, PEER, 0, { tos: 0x20, ttl: 1, ifindex: 2, source: 0x0a00_0003 });
    send(host, sk, undefined, PEER, 0, { tos: 0 });
    expect(host.sent).toMatchObject([
      { tos: 0x10, ttl: 9, oif: 6, saddr: US, mark: 7 },
      { tos: 0x10, ttl: 3, oif: 5, saddr: 0x0a00_0002 },
      { tos: 0x20, ttl: 1, oif: 2, saddr: 0x0a00_0003 },
      { tos: 0, ttl: 9 },
    ]);
    const bound = socket(host);
    host.icmp.ping.bind(0, bound, 0x7f00_0001, 0);
    send(host, bound);
    expect(host.sent.at(-1)?.saddr).toBe(0x7f00_0001);
    host.icmp.ping.close(0, bound);
    host.icmp.ping.close(0, sk);
    host.end();
  });

  it('leaves nothing of its options for our own messages', () => {
    const host = new Host();
    const sk = socket(host);
    Object.assign(sk.inet, { tos: 0x20, ttl: 9, ucIndex: 6 });
    Object.assign(sk, { mark: 7, priority: 6 });
    send(host, sk);
    host.arrive(hex('0800 0000 0000 0000'));
    send(host, sk);
    const skb = host.packet(PEER, US, new Uint8Array(8), 17);
    host.icmp.send(host.now, skb, 3, 3, 0);
    skb.free();
    const [ping, echo, , error] = host.sent;
    expect(ping).toMatchObject({ mark: 7, priority: 6, skbMark: 7, skbPriority: 6, oif: 6, sport: 8 });
    for (const own of [echo, error]) {
      expect(own).toMatchObject({
        mark: 0,
        priority: 0,
        ttl: -1,
        oif: 0,
        inet: undefined,
        options: undefined,
      });
    }
    host.icmp.ping.close(0, sk);
    host.end();
  });

  it('outside of the caller’s bytes is the caller’s mistake', () => {
    const host = new Host();
    const sk = socket(host, 77);
    const bytes = new Uint8Array(20);
    expect(() => host.icmp.ping.sendmsg(0, sk, bytes, 1, 20, 0)).toThrow(RangeError);
    expect(() => host.icmp.ping.sendmsg(0, sk, bytes, 21, 0, 0)).toThrow(RangeError);
    expect(() => host.icmp.ping.recvmsg(0, sk, bytes, 1, 20, 0)).toThrow(RangeError);
    expect(() => host.icmp.ping.recvmsg(0, sk, bytes, 21, 0, 0)).toThrow(RangeError);
    host.icmp.ping.close(0, sk);
    host.end();
  });

  it('wakes nobody after its socket was closed', () => {
    const host = new Host();
    const sk = socket(host);
    let woken = 0;
    sk.wake = () => woken++;
    host.hold = true;
    send(host, sk);
    host.icmp.ping.close(0, sk);
    host.end();
    expect(woken).toBe(0);
  });

  it('waits for send buffer, memory and errors', () => {
    const host = new Host();
    const sk = socket(host);
    host.hold = true;
    sk.sndbuf = 1000;
    while (send(host, sk) === 11);
    expect(send(host, sk)).toBe('EAGAIN');
    expect(host.icmp.ping.poll(sk) & POLLOUT).toBe(0);
    for (const skb of host.held.splice(0)) skb.free();
    expect(host.icmp.ping.poll(sk) & POLLOUT).toBe(POLLOUT);
    sk.err = 'ECONNREFUSED';
    expect(send(host, sk)).toBe('ECONNREFUSED');
    const { page } = host.pool;
    host.pool.page = () => undefined;
    expect(send(host, sk)).toBe('ENOBUFS');
    host.pool.page = page;
    host.unroutable = 'ENETUNREACH';
    expect(send(host, sk)).toBe('ENETUNREACH');
    host.unroutable = undefined;
    host.result = 'ENOBUFS';
    expect(send(host, sk)).toBe(11);
    host.result = 'EMSGSIZE';
    expect(send(host, sk)).toBe('EMSGSIZE');
    expect(host.icmp.ping.shutdown(0, sk, 2)).toBe('ENOTCONN');
    expect(send(host, sk)).toBe('EPIPE');
    host.icmp.ping.close(0, sk);
    host.end();
  });
});

describe('a reply', () => {
  it('reaches the socket with its identifier', () => {
    const host = new Host();
    const sk = socket(host, 77);
    const message = new Message();
    sk.inet.pktinfo = true;
    host.arrive(reply(77));
    host.arrive(reply(78));
    expect(host.icmp.ping.poll(sk) & POLLIN).toBe(POLLIN);
    expect(read(host, sk, MSG_PEEK)).toEqual(read(host, sk, 0, message));
    expect(message).toMatchObject({ address: PEER, port: 0, flags: 0, source: US, ifindex: 1 });
    expect(read(host, sk)).toBe('EAGAIN');
    expect([host.drops, host.icmp.mib.Icmp.InErrors]).toEqual([['NO_SOCKET'], 0]);
    host.icmp.ping.close(0, sk);
    host.end();
  });

  it('that does not fit is cut', () => {
    const host = new Host();
    const sk = socket(host, 77);
    host.arrive(reply(77));
    const message = new Message();
    const into = new Uint8Array(3);
    expect(host.icmp.ping.recvmsg(0, sk, into, 0, 3, MSG_TRUNC, message)).toBe(3);
    expect(message.flags).toBe(MSG_TRUNC);
    expect(read(host, sk)).toBe('EAGAIN');
    host.icmp.ping.close(0, sk);
    host.end();
  });

  it('of anybody is heard, connected or not; but only at the address that is bound, by the device', () => {
    const host = new Host();
    const sk = socket(host);
    expect(host.icmp.ping.bind(0, sk, US, 77)).toBeUndefined();
    host.icmp.ping.connect(0, sk, PEER, 5);
    host.arrive(reply(77), FAR);
    expect(read(host, sk)).toEqual(hex('0000 3b49 004d0007 616263'));
    host.arrive(reply(77), PEER, 0x7f00_0001);
    sk.boundDevIf = 2;
    host.arrive(reply(77), PEER);
    expect(host.drops).toEqual(['NO_SOCKET', 'NO_SOCKET']);
    host.icmp.ping.close(0, sk);
    host.end();
  });

  it('is dropped when the buffer is full', () => {
    const host = new Host();
    const sk = socket(host, 77);
    sk.rcvbuf = 1;
    host.arrive(reply(77));
    host.arrive(reply(77));
    expect([host.drops, sk.drops]).toEqual([['SOCKET_RCVBUFF'], 1]);
    host.icmp.ping.close(0, sk);
    host.end();
  });
});

describe('identifiers', () => {
  it('are shared unless a socket says no; the latest hears', () => {
    const host = new Host();
    const [a, b, c] = [socket(host, 77), socket(host, 77), socket(host)];
    c.reuse = false;
    expect(host.icmp.ping.bind(0, c, US, 77)).toBe('EADDRINUSE');
    host.arrive(reply(77));
    expect(read(host, a)).toBe('EAGAIN');
    expect(typeof read(host, b)).toBe('object');
    host.icmp.ping.close(0, b);
    host.arrive(reply(77));
    expect(typeof read(host, a)).toBe('object');
    host.icmp.ping.close(0, a);
    expect(host.icmp.ping.bind(0, c, US, 77)).toBeUndefined();
    host.icmp.ping.close(0, c);
    expect(host.icmp.ping.table.size).toBe(0);
    host.end();
  });

  it.each([
    ['any', 0, undefined],
    ['ours', US, undefined],
    ['another', FAR, 'EADDRNOTAVAIL'],
    ['a group', GROUP, 'EADDRNOTAVAIL'],
    ['broadcast', BROADCAST, 'EADDRNOTAVAIL'],
  ])('bind to %s', (_name, address, expected) => {
    const host = new Host();
    const sk = socket(host);
    expect(host.icmp.ping.bind(0, sk, address, 0)).toBe(expected);
    if (expected === undefined) expect(host.icmp.ping.bind(0, sk, address, 0)).toBe('EINVAL');
    expect(sk.num === 0).toBe(expected !== undefined);
    host.icmp.ping.close(0, sk);
  });

  it('run out', () => {
    const host = new Host();
    for (let id = 1; id <= 65_535; id++) host.icmp.ping.table.set(id, [socket(host)]);
    const sk = socket(host);
    expect(host.icmp.ping.bind(0, sk, 0, 0)).toBe('EADDRINUSE');
    expect(send(host, sk)).toBe('EAGAIN');
    expect(host.icmp.ping.connect(0, sk, PEER, 0)).toBe('EAGAIN');
    host.icmp.ping.table.delete(500);
    expect(host.icmp.ping.bind(0, sk, 0, 0)).toBeUndefined();
    expect(sk.num).toBe(500);
  });
});

describe('peers', () => {
  it('connect and disconnect', () => {
    const host = new Host();
    const sk = socket(host);
    expect(host.icmp.ping.connect(0, sk, PEER, 5)).toBeUndefined();
    expect(sk).toMatchObject({ state: 'ESTABLISHED', daddr: PEER, dport: 5, saddr: US, rcvSaddr: US });
    expect(send(host, sk, undefined, undefined)).toBe(11);
    expect(host.icmp.ping.connect(0, sk, BROADCAST, 0)).toBe('EACCES');
    expect(host.icmp.ping.shutdown(0, sk, 0)).toBe('EINVAL');
    expect(host.icmp.ping.shutdown(0, sk, 1)).toBeUndefined();
    expect(host.icmp.ping.poll(sk) & (POLLRDHUP | POLLIN | POLLHUP)).toBe(POLLRDHUP | POLLIN);
    expect(read(host, sk)).toEqual(new Uint8Array(0));
    expect(read(host, sk, MSG_DONTWAIT)).toBe('EAGAIN');
    host.icmp.ping.disconnect(0, sk);
    expect(sk).toMatchObject({ state: 'CLOSE', daddr: 0, num: 0, saddr: 0, rcvSaddr: 0 });
    host.icmp.ping.bind(0, sk, US, 77);
    host.icmp.ping.connect(0, sk, PEER, 5);
    host.icmp.ping.disconnect(0, sk);
    expect(sk).toMatchObject({ state: 'CLOSE', daddr: 0, num: 77, saddr: US, rcvSaddr: US });
    host.icmp.ping.close(0, sk);
    host.icmp.ping.close(0, sk);
    host.end();
  });
});

describe('errors', () => {
  it.each([
    ['connected, soft', true, false, '0301 0000 00000000', ''],
    ['connected, hard', true, false, '0302 0000 00000000', 'ENOPROTOOPT'],
    ['not connected, hard', false, false, '0302 0000 00000000', ''],
    ['IP_RECVERR, soft', false, true, '0301 0000 00000000', 'EHOSTUNREACH'],
    ['connected, too big', true, false, '0304 0000 00000578', 'EMSGSIZE'],
    ['source quench', true, true, '0400 0000 00000000', ''],
  ])('%s', (_name, connected, recverr, head, expected) => {
    const host = new Host();
    const sk = socket(host, 77);
    if (connected) host.icmp.ping.connect(0, sk, PEER, 5);
    sk.inet.recverr = recverr;
    host.arrive(about(78, head), ROUTER);
    expect(sk.err).toBe('');
    host.arrive(about(77, head), ROUTER);
    expect(sk.err).toBe(expected);
    expect(host.icmp.ping.poll(sk) & POLLERR).toBe(expected === '' ? 0 : POLLERR);
    host.icmp.ping.close(0, sk);
    host.end();
  });

  it('IP_RECVERR keeps what came back, from the ICMP header on', () => {
    const host = new Host();
    const sk = socket(host, 77);
    sk.inet.recverr = true;
    host.arrive(about(77, '0301 0000 00000000'), ROUTER);
    host.arrive(about(77, '0b00 0000 00000000'), ROUTER);
    const message = new Message();
    expect(read(host, sk, MSG_ERRQUEUE, message)).toEqual(hex('0800 0000 004d 0007 616263'));
    expect(message).toMatchObject({ address: PEER, port: 0, flags: MSG_ERRQUEUE });
    expect(message.error).toMatchObject({
      errno: 'EHOSTUNREACH',
      origin: SO_EE_ORIGIN_ICMP,
      offender: ROUTER,
      type: 3,
    });
    expect(sk.err).toBe('EHOSTUNREACH');
    read(host, sk, MSG_ERRQUEUE, message);
    expect(sk.err).toBe('');
    expect(read(host, sk, MSG_ERRQUEUE)).toBe('EAGAIN');
    host.icmp.ping.close(0, sk);
    host.end();
  });

  it('IP_PMTUDISC_DONT hears of no path MTU', () => {
    const host = new Host();
    const sk = socket(host, 77);
    host.icmp.ping.connect(0, sk, PEER, 5);
    sk.inet.pmtudisc = 0;
    host.arrive(about(77, '0304 0000 00000578'), ROUTER);
    expect(sk.err).toBe('');
    host.icmp.ping.close(0, sk);
    host.end();
  });
});
