import {
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  POLLRDHUP,
  RCV_SHUTDOWN,
  SEND_SHUTDOWN,
  SHUTDOWN_MASK,
} from '@stack/skbuff/sock';
import { describe, expect, it } from 'vitest';
import { Host, NARROW, WIDE } from './fixture.ts';
import { Message, MSG_DONTWAIT, MSG_PEEK, MSG_TRUNC } from './index.ts';

describe.each([NARROW, WIDE])('$name: what a receive tells', (kind) => {
  it('where from, how, and where to', () => {
    const host = new Host(kind);
    const sk = host.socket(8080);
    sk.inet.pktinfo = true;
    host.arrive([5, 53], [1, 8080], 'x', (skb) => {
      skb.tstamp = 1234;
    });
    const message = new Message();
    host.udp.recvmsg(0, sk, new Uint8Array(1), 0, 1, 0, message);
    expect(message).toMatchObject({
      port: 53,
      flags: 0,
      ifindex: 1,
      ttl: 63,
      tos: 4,
      tstamp: 1234,
      gsoSize: 0,
    });
    const { address, source, destination, destinationPort } = message;
    expect([address, source, destination].map((one) => kind.number(one))).toEqual([5, 1, 1]);
    expect(destinationPort).toBe(8080);
    host.end(sk);
  });

  it('IP_PKTINFO of a group’s datagram has an address to answer from', () => {
    const host = new Host(kind);
    const sk = host.socket(8080);
    const message = new Message();
    host.arrive([5, 53], [100, 8080], 'x');
    host.udp.recvmsg(0, sk, new Uint8Array(1), 0, 1, MSG_PEEK, message);
    expect(message.source).toBeUndefined();
    sk.inet.pktinfo = true;
    host.udp.recvmsg(0, sk, new Uint8Array(1), 0, 1, 0, message);
    expect([kind.number(message.source), kind.number(message.destination)]).toEqual([1, 100]);
    host.end(sk);
  });
});

describe('lengths', () => {
  it.each([
    ['fits', 0, 10, 5, 'hello', 0],
    ['fits just', 0, 5, 5, 'hello', 0],
    ['is cut', 0, 3, 3, 'hel', MSG_TRUNC],
    ['is cut, and MSG_TRUNC asks how long it was', MSG_TRUNC, 3, 5, 'hel', MSG_TRUNC],
    ['no room at all', 0, 0, 0, '', MSG_TRUNC],
  ])('%s', (_name, flags, room, result, text, told) => {
    const host = new Host();
    const sk = host.socket(8080);
    host.arrive([5, 53], [1, 8080], 'hello');
    const into = new Uint8Array(room + 4).fill(0x2e);
    const message = new Message();
    expect(host.udp.recvmsg(0, sk, into, 2, room, flags, message)).toBe(result);
    expect(String.fromCharCode(...into)).toBe(`..${text.padEnd(room, '.')}..`);
    expect(message.flags).toBe(told);
    expect(host.read(sk)).toBe('<EAGAIN>'); // the rest is gone
    host.end(sk);
  });

  it('an empty datagram is one', () => {
    const host = new Host();
    const sk = host.socket(8080);
    host.arrive([5, 53], [1, 8080], '');
    expect(host.udp.recvmsg(0, sk, new Uint8Array(1), 0, 1, 0)).toBe(0);
    expect(host.read(sk)).toBe('<EAGAIN>');
    expect(host.udp.mib.Udp.InDatagrams).toBe(1);
    host.end(sk);
  });

  it('outside of the caller’s bytes is the caller’s mistake', () => {
    const host = new Host();
    const sk = host.socket(8080);
    host.arrive([5, 53], [1, 8080], 'x');
    expect(() => host.udp.recvmsg(0, sk, new Uint8Array(4), 1, 4, 0)).toThrow(RangeError);
    expect(host.read(sk)).toBe('x');
    host.end(sk);
  });
});

describe('MSG_PEEK', () => {
  it('leaves the datagram', () => {
    const host = new Host();
    const sk = host.socket(8080);
    host.arrive([5, 53], [1, 8080], 'one');
    host.arrive([5, 53], [1, 8080], 'two');
    expect([host.read(sk, MSG_PEEK), host.read(sk, MSG_PEEK)]).toEqual(['one', 'one']);
    expect(host.udp.mib.Udp.InDatagrams).toBe(0);
    expect([host.read(sk), host.read(sk)]).toEqual(['one', 'two']);
    host.end(sk);
  });

  it('SO_PEEK_OFF goes on where the last peek ended, over datagrams', () => {
    const host = new Host();
    const sk = host.socket(8080);
    host.arrive([5, 53], [1, 8080], 'hello');
    host.arrive([5, 53], [1, 8080], 'world');
    host.udp.setsockopt(0, sk, 'SO_PEEK_OFF', 0);
    expect(host.read(sk, MSG_PEEK, 3)).toBe('hel');
    expect(host.read(sk, MSG_PEEK, 3)).toBe('lo');
    expect(host.read(sk, MSG_PEEK, 3)).toBe('wor');
    expect(host.udp.getsockopt(0, sk, 'SO_PEEK_OFF')).toBe(8);
    expect(host.read(sk)).toBe('hello'); // moves the offset back
    expect(host.read(sk, MSG_PEEK, 9)).toBe('ld');
    expect(host.read(sk, MSG_PEEK, 9)).toBe('<EAGAIN>');
    host.udp.setsockopt(0, sk, 'SO_PEEK_OFF', -1);
    expect(host.read(sk, MSG_PEEK)).toBe('world');
    host.end(sk);
  });
});

describe('recvSkb', () => {
  it('hands the datagram out as it came', () => {
    const host = new Host();
    const sk = host.socket(8080);
    host.arrive([5, 53], [1, 8080], 'hello');
    const message = new Message();
    const skb = host.udp.recvSkb(0, sk, message);
    if (typeof skb === 'string') throw new Error(skb);
    expect(String.fromCharCode(...skb.toBytes())).toBe('hello');
    expect([message.port, sk.rmemAlloc, host.udp.mib.Udp.InDatagrams]).toEqual([53, 0, 1]);
    skb.free();
    expect(host.udp.recvSkb(0, sk)).toBe('EAGAIN');
    sk.err = 'ECONNREFUSED';
    expect(host.udp.recvSkb(0, sk)).toBe('ECONNREFUSED');
    host.end(sk);
  });
});

describe('nothing there', () => {
  it('EAGAIN; a pending error goes first, once', () => {
    const host = new Host();
    const sk = host.socket(8080);
    host.arrive([5, 53], [1, 8080], 'x');
    sk.err = 'ECONNREFUSED';
    expect([host.read(sk), host.read(sk), host.read(sk)]).toEqual(['<ECONNREFUSED>', 'x', '<EAGAIN>']);
    host.end(sk);
  });

  it('after shutdown the end, for who would have waited', () => {
    const host = new Host();
    const sk = host.udp.socket(host.family);
    host.udp.connect(0, sk, host.at(5), 53);
    expect(host.udp.shutdown(0, sk, RCV_SHUTDOWN)).toBeUndefined();
    const into = new Uint8Array(4);
    expect(host.udp.recvmsg(0, sk, into, 0, 4, 0)).toBe(0);
    expect(host.udp.recvmsg(0, sk, into, 0, 4, MSG_DONTWAIT)).toBe('EAGAIN');
    host.end(sk);
  });
});

describe('shutdown and poll', () => {
  it.each([
    ['reading', RCV_SHUTDOWN, POLLRDHUP | POLLIN | POLLOUT],
    ['writing', SEND_SHUTDOWN, POLLOUT],
    ['both', SHUTDOWN_MASK, POLLRDHUP | POLLIN | POLLHUP | POLLOUT],
  ])('%s', (_name, how, events) => {
    const host = new Host();
    const sk = host.udp.socket(host.family);
    host.udp.connect(0, sk, host.at(5), 53);
    let woken = 0;
    sk.wake = () => woken++;
    expect(host.udp.poll(sk)).toBe(POLLOUT);
    expect(host.udp.shutdown(0, sk, how)).toBeUndefined();
    expect([host.udp.poll(sk), woken]).toEqual([events, 1]);
    host.end(sk);
  });

  it('who has no peer is told so, and shut down', () => {
    const host = new Host();
    const sk = host.socket(8080);
    expect(host.udp.shutdown(0, sk, SHUTDOWN_MASK)).toBe('ENOTCONN');
    expect(sk.shutdown).toBe(SHUTDOWN_MASK);
    expect(host.udp.shutdown(0, sk, 0)).toBe('EINVAL');
    expect(host.udp.shutdown(0, sk, 4)).toBe('EINVAL');
    host.end(sk);
  });

  it('POLLERR for a pending error', () => {
    const host = new Host();
    const sk = host.socket(8080);
    sk.err = 'ECONNREFUSED';
    expect(host.udp.poll(sk) & POLLERR).toBe(POLLERR);
    host.end(sk);
  });

  it('closing twice is closing once', () => {
    const host = new Host();
    const sk = host.socket(8080);
    host.arrive([5, 53], [1, 8080], 'x');
    host.udp.close(0, sk);
    host.end(sk);
    expect(host.udp.open).toBe(0);
  });
});

describe('options', () => {
  it.each([
    ['UDP_CORK', 5, 1],
    ['UDP_SEGMENT', 1400, 1400],
    ['UDP_GRO', 2, 1],
    ['SO_NO_CHECK', 1, 1],
    ['UDP_NO_CHECK6_TX', 1, 1],
    ['UDP_NO_CHECK6_RX', 1, 1],
    ['SO_PEEK_OFF', 9, 9],
  ])('%s', (name, value, expected) => {
    const host = new Host();
    const sk = host.socket(8080);
    expect(host.udp.getsockopt(0, sk, name)).toBe(name === 'SO_PEEK_OFF' ? -1 : 0);
    expect(host.udp.setsockopt(0, sk, name, value)).toBeUndefined();
    expect(host.udp.getsockopt(0, sk, name)).toBe(expected);
    expect(host.udp.setsockopt(0, sk, name, 0.5)).toBe('EINVAL');
    expect(host.udp.getsockopt(0, sk, name)).toBe(expected);
    host.end(sk);
  });

  it('refuses what it does not know and what does not fit', () => {
    const host = new Host();
    const sk = host.socket(8080);
    expect(host.udp.setsockopt(0, sk, 'TCP_NODELAY', 1)).toBe('ENOPROTOOPT');
    expect(host.udp.getsockopt(0, sk, 'TCP_NODELAY')).toBe('ENOPROTOOPT');
    expect(host.udp.setsockopt(0, sk, 'UDP_SEGMENT', 65_536)).toBe('EINVAL');
    expect(host.udp.setsockopt(0, sk, 'UDP_SEGMENT', -1)).toBe('EINVAL');
    host.end(sk);
  });
});
