import { CHECKSUM_PARTIAL, SKB_GSO_UDP_L4 } from '@stack/skbuff';
import { describe, expect, it } from 'vitest';
import { Host, textOf } from './fixture.ts';
import { Message, MSG_MORE } from './index.ts';

/** `length` bytes that are not all alike. */
function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 7) & 0xff);
}

describe('MSG_MORE and UDP_CORK', () => {
  it('make one datagram of several sends', () => {
    const host = new Host();
    const sk = host.socket(8080);
    expect(host.send(sk, 'one ', [5, 53], MSG_MORE)).toBe(4);
    expect(host.send(sk, 'two ', [6, 54], MSG_MORE)).toBe(4); // where to was settled by the first
    expect(host.sent.length).toBe(0);
    expect(host.send(sk, 'three')).toBe(5);
    expect(host.sent.length).toBe(1);
    expect(textOf(host.sent[0])).toBe('one two three');
    expect(host.sent[0]?.daddr).toBe(5);
    expect(host.udp.mib.Udp.OutDatagrams).toBe(1);
    host.end(sk);
  });

  it('uncorking sends what is held back', () => {
    const host = new Host();
    const sk = host.socket(8080);
    host.udp.setsockopt(0, sk, 'UDP_CORK', 1);
    host.send(sk, 'a', [5, 53]);
    host.send(sk, 'b');
    expect(host.sent.length).toBe(0);
    expect(host.udp.setsockopt(0, sk, 'UDP_CORK', 0)).toBeUndefined();
    expect(textOf(host.sent[0])).toBe('ab');
    host.udp.setsockopt(0, sk, 'UDP_CORK', 0);
    expect(host.sent.length).toBe(1);
    host.end(sk);
  });

  it('what grows too large is thrown away', () => {
    const host = new Host();
    const sk = host.socket(8080);
    expect(host.send(sk, 'x'.repeat(65_000), [5, 53], MSG_MORE)).toBe(65_000);
    expect(host.send(sk, 'x'.repeat(1000))).toBe('EMSGSIZE');
    expect([sk.cork, sk.wmemAlloc]).toEqual([undefined, 0]);
    expect(host.send(sk, 'x')).toBe('EDESTADDRREQ');
    host.end(sk);
  });

  it('many small pieces need more frags than a packet has', () => {
    const host = new Host();
    const sk = host.socket(8080);
    const other = host.socket(8081);
    sk.sndbuf = 1e6;
    // Another socket's bytes between them keep pieces from touching.
    for (let i = 0; i < 100; i++) {
      host.send(sk, String.fromCharCode(48 + (i % 10)).repeat(300), [5, 53], MSG_MORE);
      host.send(other, 'y'.repeat(3000), [5, 53]);
    }
    host.send(sk, '!');
    const text = textOf(host.sent.at(-1));
    expect(text.length).toBe(30_001);
    expect(text.slice(29_700)).toBe(`${'9'.repeat(300)}!`);
    host.end(sk, other);
  });

  it('closing throws away what is held back', () => {
    const host = new Host();
    const sk = host.socket(8080);
    host.send(sk, 'x', [5, 53], MSG_MORE);
    host.end(sk);
    expect(host.sent.length).toBe(0);
  });

  it('a piece may overshoot the send buffer, the one after that not', () => {
    const host = new Host();
    const sk = host.socket(8080);
    sk.sndbuf = 4000;
    host.send(sk, 'x'.repeat(9000), [5, 53], MSG_MORE);
    expect(host.send(sk, 'x', undefined, MSG_MORE)).toBe('ENOBUFS');
    host.end(sk);
  });
});

describe('UDP_SEGMENT', () => {
  it('one super-packet for several datagrams', () => {
    const host = new Host();
    const sk = host.socket(8080);
    expect(host.udp.setsockopt(0, sk, 'UDP_SEGMENT', 1000)).toBeUndefined();
    host.send(sk, 'x'.repeat(3500), [5, 53]);
    const gsoType = SKB_GSO_UDP_L4;
    expect(host.sent[0]).toMatchObject({ gsoSize: 1000, gsoSegs: 4, gsoType, ipSummed: CHECKSUM_PARTIAL });
    host.send(sk, 'x'.repeat(1000), [5, 53]);
    expect(host.sent[1]).toMatchObject({ gsoSize: 0, gsoSegs: 0 });
    host.end(sk);
  });

  it('by ancillary data, for one send', () => {
    const host = new Host();
    const sk = host.socket(8080);
    const message = Object.assign(new Message(), { address: host.at(5), port: 53, gsoSize: 500 });
    host.udp.sendmsg(0, sk, pattern(1200), 0, 1200, 0, message);
    expect(host.sent[0]).toMatchObject({ gsoSize: 500, gsoSegs: 3 });
    host.end(sk);
  });

  it.each([
    ['128 datagrams', 100, 12_800, false, 12_800],
    ['129 datagrams', 100, 12_801, false, 'EINVAL'],
    ['larger than a packet', 1473, 3000, false, 'EMSGSIZE'],
    ['as large as a packet', 1472, 3000, false, 3000],
    ['without checksum', 100, 1000, true, 'EINVAL'],
  ] as const)('%s', (_name, size, length, noCheck, expected) => {
    const host = new Host();
    const sk = host.socket(8080);
    host.udp.setsockopt(0, sk, 'UDP_SEGMENT', size);
    sk.noCheckTx = noCheck;
    expect(host.send(sk, 'x'.repeat(length), [5, 53])).toBe(expected);
    expect(sk.wmemAlloc).toBe(0);
    host.end(sk);
  });
});
