/**
 * What the calls of an application do: flags, options, polling, buffers, errors.
 */
import { POLLERR, POLLHUP, POLLIN, POLLOUT } from '@stack/skbuff/sock';
import { describe, expect, it } from 'vitest';
import { connected, pair, pattern } from './fixture.ts';
import { MSG_PEEK, MSG_TRUNC, MSG_WAITALL, MSG_ZEROCOPY } from './messages.ts';
import { Script } from './script.fixture.ts';

const established = (options = {}): Script => new Script(options).accepted({ mss: 1000, win: 60_000 });

describe('recvmsg', () => {
  it('peeks without consuming, and skips without copying', () => {
    const s = established();
    s.in('P. 1:1001(1000) ack 1 win 60000').in('P. 1001:1501(500) ack 1 win 60000').ignore();
    const whole = new Uint8Array(1500);
    whole.set(pattern(1000, 2));
    whole.set(pattern(500, 1002), 1000);
    const into = new Uint8Array(2000);
    expect(s.host.tcp.recvmsg(s.now, s.sk, into, 0, 2000, MSG_PEEK)).toBe(1500);
    expect(into.slice(0, 1500)).toStrictEqual(whole);
    expect(s.host.tcp.inq(s.sk)).toBe(1500);
    expect(s.host.tcp.recvmsg(s.now, s.sk, into, 0, 300, MSG_TRUNC)).toBe(300);
    into.fill(0);
    expect(s.host.tcp.recvmsg(s.now, s.sk, into, 10, 1000, MSG_WAITALL)).toBe(1000);
    expect(into.slice(10, 1010)).toStrictEqual(whole.slice(300, 1300));
    expect(into[1010]).toBe(0);
    expect(s.host.tcp.inq(s.sk)).toBe(200);
  });

  it('hands out the bytes where they lie', () => {
    const s = established();
    s.in('P. 1:1001(1000) ack 1 win 60000').in('P. 1001:1501(500) ack 1 win 60000').ignore();
    const first = s.host.tcp.recvViews(s.now, s.sk, 1200);
    const rest = s.host.tcp.recvViews(s.now, s.sk, 1200);
    if (typeof first === 'string' || typeof rest === 'string') throw new Error();
    expect([first.length, rest.length]).toStrictEqual([1200, 300]);
    const bytes = [...first.views, ...rest.views].flatMap((view) => [...view]);
    expect(bytes).toStrictEqual([...pattern(1000, 2), ...pattern(500, 1002)]);
    // They are charged until they are given back, no less than what they hold.
    const held = s.sk.rmemAlloc;
    expect(held).toBeGreaterThan(1500);
    expect(s.host.pool.stats.skbs).toBe(2);
    first.release(s.now);
    expect(s.sk.rmemAlloc).toBeLessThan(held);
    rest.release(s.now);
    expect(s.sk.rmemAlloc).toBe(0);
    expect(s.host.pool.stats).toMatchObject({ skbs: 0, inUse: 0 });
    expect(s.host.tcp.recvViews(s.now, s.sk, 10)).toBe('EAGAIN');
  });

  it('tells when the bytes came, if asked', () => {
    const s = established();
    s.in('P. 1:11(10) ack 1 win 60000').ignore();
    const message = { flags: 0, tstamp: 0, inq: 0 };
    s.host.tcp.recvmsg(s.now, s.sk, new Uint8Array(10), 0, 10, 0, message);
    expect(message).toStrictEqual({ flags: 0, tstamp: 0, inq: 0 });
  });

  it('tells what is left, with TCP_INQ, urgent bytes among it', () => {
    const s = established();
    const message = { flags: 0, tstamp: 0, inq: -1 };
    const read = (length: number, flags = 0) => {
      s.host.tcp.recvmsg(s.now, s.sk, new Uint8Array(length), 0, length, flags, message);
      return message.inq;
    };
    s.in('P. 1:101(100) ack 1 win 60000').in('PU. 101:201(100) ack 1 win 60000 urg 50').ignore();
    expect(read(10)).toBe(-1);
    s.host.tcp.setsockopt(s.now, s.sk, 'TCP_INQ', 1);
    expect(read(10)).toBe(180);
    expect(read(10, MSG_PEEK)).toBe(180);
    expect(read(190)).toBe(51);
  });

  it('says ENOTCONN on a socket that never had a connection, and on a listener', () => {
    const s = new Script();
    s.recv(1, 'ENOTCONN').send(1, 0, 'EPIPE');
    s.host.tcp.bind(s.now, s.sk, 0, 80);
    s.host.tcp.listen(s.now, s.sk, 1);
    s.recv(1, 'ENOTCONN');
    expect(s.host.tcp.inq(s.sk)).toBe('EINVAL');
    expect(s.host.tcp.outq(s.sk)).toBe('EINVAL');
    expect(s.host.tcp.outqNotSent(s.sk)).toBe('EINVAL');
    expect(s.host.tcp.accept(s.now, s.sk)).toBe('EAGAIN');
    expect(s.host.tcp.accept(s.now, s.host.socket())).toBe('EINVAL');
    s.recv(0, 'ENOTCONN');
  });
});

describe('sendmsg', () => {
  it('takes what fits into SO_SNDBUF, then says EAGAIN, and wakes at a third free', () => {
    const s = new Script().accepted({
      mss: 1000,
      win: 60_000,
      prepare: (sk) => {
        sk.sndbuf = 10_000;
        sk.userlocks = 1;
      },
    });
    let woken = 0;
    s.sk.wake = (_sk, events) => {
      if ((events & POLLOUT) !== 0) woken++;
    };
    const n = s.host.tcp.sendmsg(s.now, s.sk, pattern(50_000), 0, 50_000, 0) as number;
    expect(n).toBeGreaterThan(4000);
    expect(n).toBeLessThan(12_000);
    s.send(1, 0, 'EAGAIN').ignore();
    expect(s.host.tcp.poll(s.sk) & POLLOUT).toBe(0);
    expect(s.host.tcp.outq(s.sk)).toBe(n);
    s.in('. 1:1(0) ack 1001 win 60000');
    expect(woken).toBe(0);
    s.in(`. 1:1(0) ack ${n + 1} win 60000`);
    expect(woken).toBe(1);
    expect(s.host.tcp.poll(s.sk)).toBe(POLLOUT);
    s.send(100);
  });

  it('grows the buffer with the congestion window, unless it was set', () => {
    const s = established();
    expect(s.sk.sndbuf).toBe(46_080); // two windows of ten segments at 2048 + 256
    s.send(60_000, 0, 25_000).ignore(); // each segment costs 896 more
    s.in('. 1:1(0) ack 10001 win 60000').ignore();
    expect(s.sk.sndCwnd).toBe(20);
    expect(s.sk.sndbuf).toBe(92_160);
    s.send(60_000, 0, 34_000).send(1, 0, 'EAGAIN');
  });

  it('keeps TCP_NOTSENT_LOWAT', () => {
    const s = established();
    s.host.tcp.setsockopt(s.now, s.sk, 'TCP_NOTSENT_LOWAT', 2000);
    s.sk.sndbuf = 1 << 20;
    s.host.tcp.sendmsg(s.now, s.sk, pattern(20_000), 0, 20_000, 0);
    expect(s.host.tcp.outqNotSent(s.sk)).toBeLessThanOrEqual(3000);
    expect(s.host.tcp.poll(s.sk) & POLLOUT).toBe(0);
    s.ignore().in('. 1:1(0) ack 10001 win 60000');
    expect(s.host.tcp.poll(s.sk) & POLLOUT).toBe(POLLOUT);
  });

  it('packs a write into super-packets', () => {
    const s = new Script({ gsoMaxSize: 65_536 }).accepted({ mss: 1000, win: 60_000 });
    s.send(20_000);
    expect(s.sk.rtxQueue.first?.len).toBe(5000); // half a window at a time
    expect(s.sk.rtxQueue.qlen).toBe(2);
    expect(s.sk.writeQueue.qlen).toBe(1);
  });

  it('with MSG_ZEROCOPY references the bytes, and tells when they are free, in one report for sends in a row', () => {
    const { world, a, b } = pair();
    const { client, server } = connected(world, a, b);
    client.zerocopy = true;
    const bytes = pattern(30_000);
    const used = a.pool.stats.inUse;
    for (let i = 0; i < 3; i++) {
      expect(a.tcp.sendmsg(world.now, client, bytes, i * 10_000, 10_000, MSG_ZEROCOPY)).toBe(10_000);
    }
    expect(client.errorQueue).toBeUndefined();
    expect(a.pool.stats.inUse - used).toBeLessThan(70); // heads alone
    world.advance(100_000);
    const into = new Uint8Array(30_000);
    expect(b.tcp.recvmsg(world.now, server, into, 0, 30_000, 0)).toBe(30_000);
    expect(into).toStrictEqual(bytes);
    expect(a.tcp.poll(client) & POLLERR).toBe(POLLERR);
    expect(client.shiftError()).toMatchObject({ origin: 5, code: 0, info: 0, data: 2 });
    expect(client.shiftError()).toBeUndefined();
    // Without SO_ZEROCOPY the flag means nothing.
    client.zerocopy = false;
    a.tcp.sendmsg(world.now, client, bytes, 0, 10, MSG_ZEROCOPY);
    world.advance(100_000);
    expect(client.shiftError()).toBeUndefined();
  });

  it('with MSG_ZEROCOPY tells when the bytes were copied on their way', () => {
    const { world, a, b } = pair();
    const { client } = connected(world, a, b);
    client.zerocopy = true;
    a.tap = (skb) => {
      skb.lentCopied();
      return false;
    };
    a.tcp.sendmsg(world.now, client, pattern(3000), 0, 3000, MSG_ZEROCOPY);
    world.advance(100_000);
    expect(client.shiftError()).toMatchObject({ origin: 5, code: 1, info: 0, data: 0 });
  });

  it('with MSG_ZEROCOPY makes one report of one send, however many attempts it took', () => {
    const s = established();
    const { tcp } = s.host;
    s.sk.zerocopy = true;
    const bytes = pattern(3000);
    const whole = { queued: 0, more: false, waits: true, tsflags: -1 };
    const attempt = (at: number, n: number, queued: number) =>
      expect(tcp.sendmsg(s.now, s.sk, bytes, at, n, MSG_ZEROCOPY, { ...whole, queued })).toBe(n);
    attempt(0, 1000, 0);
    s.out('P. 1:1001(1000) ack 1').in('. 1:1(0) ack 1001 win 60000');
    expect(s.sk.shiftError()).toBeUndefined(); // its bytes are free, but it goes on
    attempt(1000, 1000, 1000);
    s.ignore().in('. 1:1(0) ack 2001 win 60000');
    attempt(2000, 500, 2000);
    tcp.sendEnded(s.sk);
    expect(s.sk.shiftError()).toBeUndefined(); // over, but its last bytes are in flight
    s.ignore().in('. 1:1(0) ack 2501 win 60000');
    expect(s.sk.shiftError()).toMatchObject({ info: 0, data: 0 });
    attempt(0, 10, 0); // the next one; that it is over nobody tells
    s.ignore().in('. 1:1(0) ack 2511 win 60000');
    expect(s.sk.shiftError()).toBeUndefined();
    expect(tcp.sendmsg(s.now, s.sk, bytes, 10, 10, MSG_ZEROCOPY)).toBe(10);
    expect(s.sk.shiftError()).toMatchObject({ info: 1, data: 1 });
    s.ignore().in('. 1:1(0) ack 2521 win 60000');
    expect(s.sk.shiftError()).toMatchObject({ info: 2, data: 2 });
    tcp.sendEnded(s.sk);
    expect(s.sk.shiftError()).toBeUndefined();
  });

  it('with MSG_ZEROCOPY puts as many pieces into a segment as max_skb_frags says, and pushes it then', () => {
    const s = established();
    s.sk.zerocopy = true;
    s.host.tcp.setsockopt(s.now, s.sk, 'TCP_CORK', 1);
    for (let i = 0; i < 17 + 1; i++) s.host.tcp.sendmsg(s.now, s.sk, pattern(10, i + 1), 0, 10, MSG_ZEROCOPY);
    s.host.tcp.setsockopt(s.now, s.sk, 'TCP_CORK', 0);
    s.out('P. 1:171(170) ack 1').quiet();
    s.in('. 1:1(0) ack 171 win 60000').out('P. 171:181(10) ack 1').quiet();
  });
});

describe('poll', () => {
  it('knows a fresh socket, a listener and what waits', () => {
    const s = new Script();
    expect(s.host.tcp.poll(s.sk)).toBe(POLLOUT | POLLHUP);
    s.host.tcp.bind(s.now, s.sk, 0, 80);
    s.host.tcp.listen(s.now, s.sk, 1);
    expect(s.host.tcp.poll(s.sk)).toBe(0);
    const listener = s.sk;
    s.in('S 0:0(0) win 100 <mss 1000>').out('S. 0:0(0) ack 1').in('. 1:1(0) ack 1 win 100');
    expect(s.host.tcp.poll(listener)).toBe(POLLIN);
    const connecting = new Script().connect();
    expect(connecting.host.tcp.poll(connecting.sk)).toBe(0);
  });

  it('obeys SO_RCVLOWAT', () => {
    const s = established();
    let woken = 0;
    s.sk.wake = () => woken++;
    s.host.tcp.setRcvlowat(s.now, s.sk, 100);
    s.in('P. 1:51(50) ack 1 win 60000').ignore();
    expect(s.host.tcp.poll(s.sk) & POLLIN).toBe(0);
    expect(woken).toBe(0);
    s.in('P. 51:101(50) ack 1 win 60000').ignore();
    expect(s.host.tcp.poll(s.sk) & POLLIN).toBe(POLLIN);
    expect(woken).toBe(1);
    s.host.tcp.setRcvlowat(s.now, s.sk, 0);
    expect(s.sk.rcvlowat).toBe(1);
  });
});

describe('options', () => {
  it.each([
    ['TCP_KEEPIDLE', 1, 32_767, 0, 32_768],
    ['TCP_KEEPINTVL', 1, 32_767, 0, 32_768],
    ['TCP_KEEPCNT', 1, 127, 0, 128],
    ['TCP_SYNCNT', 1, 127, 0, 128],
    ['TCP_MAXSEG', 88, 32_767, 87, 32_768],
    ['TCP_USER_TIMEOUT', 0, 100_000, -1, undefined],
    ['TCP_RTO_MAX_MS', 1000, 120_000, 999, 120_001],
    ['TCP_INQ', 0, 1, -1, 2],
  ] as const)('%s has its range', (name, least, most, below, above) => {
    const s = new Script();
    const { tcp } = s.host;
    expect(tcp.setsockopt(s.now, s.sk, name, below)).toBe('EINVAL');
    if (above !== undefined) expect(tcp.setsockopt(s.now, s.sk, name, above)).toBe('EINVAL');
    for (const value of [least, most]) {
      expect(tcp.setsockopt(s.now, s.sk, name, value)).toBeUndefined();
      expect(tcp.getsockopt(s.now, s.sk, name)).toBe(value);
    }
  });

  it('say what holds while nothing is set', () => {
    const s = new Script();
    const value = (name: string) => s.host.tcp.getsockopt(s.now, s.sk, name);
    expect(value('TCP_KEEPIDLE')).toBe(7200);
    expect(value('TCP_KEEPINTVL')).toBe(75);
    expect(value('TCP_KEEPCNT')).toBe(9);
    expect(value('TCP_SYNCNT')).toBe(6);
    expect(value('TCP_LINGER2')).toBe(60);
    expect(value('TCP_MAXSEG')).toBe(536);
    expect(value('TCP_CONGESTION')).toBe('reno');
    expect(value('TCP_DEFER_ACCEPT')).toBe(0);
    expect(value('TCP_WINDOW_CLAMP')).toBe(0);
    expect(value('TCP_NOTSENT_LOWAT')).toBe(0);
    expect(value('TCP_CORK')).toBe(0);
    expect(value('TCP_QUICKACK')).toBe(1);
    expect(value('TCP_ULP')).toStrictEqual({ errno: 'ENOPROTOOPT' });
  });

  it('refuse what is no number, and names that are none', () => {
    const s = new Script();
    const { tcp } = s.host;
    expect(tcp.setsockopt(s.now, s.sk, 'TCP_NODELAY', 'x')).toBe('EINVAL');
    expect(tcp.setsockopt(s.now, s.sk, 'TCP_NODELAY', 0.5)).toBe('EINVAL');
    expect(tcp.setsockopt(s.now, s.sk, 'TCP_ULP', 1)).toBe('ENOPROTOOPT');
    expect(tcp.setsockopt(s.now, s.sk, 'TCP_CONGESTION', 1)).toBe('EINVAL');
    expect(tcp.setsockopt(s.now, s.sk, 'TCP_CONGESTION', 'vegas')).toBe('ENOENT');
    expect(tcp.setsockopt(s.now, s.sk, 'TCP_CONGESTION', 'cubic')).toBeUndefined();
    expect(tcp.getsockopt(s.now, s.sk, 'TCP_CONGESTION')).toBe('cubic');
  });

  it('TCP_MAXSEG bounds what is offered and what is sent (MUST-16)', () => {
    const s = new Script();
    s.host.tcp.setsockopt(s.now, s.sk, 'TCP_MAXSEG', 700);
    s.connect().out('S 0:0(0) <mss 700,sackOK,TS val 0 ecr 0,nop,wscale 7>');
    s.in('S. 0:0(0) ack 1 win 5000 <mss 1460>').out('. 1:1(0) ack 1');
    s.send(1000).out('. 1:701(700) ack 1');
    expect(s.host.tcp.getsockopt(s.now, s.sk, 'TCP_MAXSEG')).toBe(700);
    const wide = established();
    expect(wide.host.tcp.getsockopt(wide.now, wide.sk, 'TCP_MAXSEG')).toBe(1000);
  });

  it('TCP_DEFER_ACCEPT counts in timeouts, and LINGER2 up to two minutes', () => {
    const s = new Script();
    const { tcp } = s.host;
    tcp.setsockopt(s.now, s.sk, 'TCP_DEFER_ACCEPT', 5);
    expect(s.sk.deferAccept).toBe(3);
    expect(tcp.getsockopt(s.now, s.sk, 'TCP_DEFER_ACCEPT')).toBe(7);
    tcp.setsockopt(s.now, s.sk, 'TCP_LINGER2', 1000);
    expect(tcp.getsockopt(s.now, s.sk, 'TCP_LINGER2')).toBe(120);
    tcp.setsockopt(s.now, s.sk, 'TCP_LINGER2', -5);
    expect(tcp.getsockopt(s.now, s.sk, 'TCP_LINGER2')).toBe(-1);
  });
});

describe('TCP_INFO', () => {
  it('of a listener is about its queue', () => {
    const s = new Script().accepted({ mss: 1000 });
    const info = s.host.tcp.info(s.now, s.listener);
    expect(info).toMatchObject({ state: 10, unacked: 0, sacked: 8, sndCwnd: 10, reordering: 3 });
    expect(info).toMatchObject({ sndMss: 0, rcvMss: 0, sndSsthresh: 0, advmss: 0, rto: 0, lastDataSent: 0 });
  });

  it('learns the segment size of the peer from what is out of order too', () => {
    const s = new Script().accepted({ mss: 1000 });
    s.info({ rcvMss: 536 });
    s.in('. 1001:2001(1000) ack 1 win 60000');
    s.info({ rcvMss: 1000 });
  });

  it('tells what happened', () => {
    const s = new Script().accepted({ mss: 1000, win: 60_000, rtt: 0.1 });
    s.send(5000).ignore();
    s.info({
      unacked: 5,
      sndCwnd: 10,
      rtt: 100_000,
      rttvar: 50_000,
      rto: 300_000,
      minRtt: 100_000,
      bytesSent: 5000,
    });
    s.after(0.1).in('. 1:1(0) ack 5001 win 60000').in('P. 1:101(100) ack 5001 win 60000').ignore();
    s.after(0.05);
    s.info({
      unacked: 0,
      bytesAcked: 5000,
      bytesReceived: 100,
      segsOut: 6,
      segsIn: 4, // the SYN too
      dataSegsIn: 1,
      dataSegsOut: 5,
      notsentBytes: 0,
      lastDataSent: 150,
      lastDataRecv: 50,
      lastAckRecv: 50,
      busyTime: 100_000,
      pmtu: 1500,
      advmss: 1460,
      reordering: 3,
      delivered: 6,
      sndWnd: 60_000,
    });
  });
});
