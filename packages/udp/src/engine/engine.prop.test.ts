import { hostile } from '@stack/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Host, type Kind, NARROW, WIDE } from './fixture.ts';
import { Message, MSG_ERRQUEUE, MSG_MORE, MSG_PEEK, MSG_TRUNC, MSG_ZEROCOPY } from './index.ts';
import type { UdpSock } from './udp-sock.ts';

const kinds = fc.constantFrom<Kind>(NARROW, WIDE);

describe('any bytes', () => {
  it('as a datagram are read, dropped for a reason, or kept within limits; nothing is lost', () => {
    const valid = fc
      .tuple(fc.uint8Array({ maxLength: 40 }), fc.constantFrom(8080, 8081))
      .map(([payload, port]) =>
        Uint8Array.of(0, 53, port >> 8, port & 0xff, 0, payload.length + 8, 0, 0, ...payload),
      );
    fc.assert(
      fc.property(kinds, fc.array(hostile(valid), { maxLength: 20 }), fc.nat(255), (kind, all, to) => {
        const host = new Host(kind);
        const sk = host.socket(8080);
        sk.rcvbuf = 3000;
        for (const bytes of all) {
          const skb = host.packet([5, 53], [to, 8080], new Uint8Array(Math.max(0, bytes.length - 8)));
          skb.trim(bytes.length);
          skb.bytes.set(bytes, skb.data);
          host.udp.receive(0, skb, host.family);
        }
        const { InErrors, NoPorts, IgnoredMulti } = host.udp.mib.Udp;
        const queued = sk.receiveQueue.qlen;
        expect(host.drops.length).toBe(InErrors + NoPorts + IgnoredMulti);
        expect(queued + host.drops.length).toBe(all.length);
        expect(sk.rmemAlloc).toBeLessThanOrEqual(3000);
        expect(host.unreachable.length).toBe(NoPorts);
        host.end(sk);
      }),
    );
  });

  it('as a quote change no books', () => {
    fc.assert(
      fc.property(kinds, fc.uint8Array({ minLength: 8, maxLength: 40 }), (kind, bytes) => {
        const host = new Host(kind);
        const sk = host.socket(8080);
        sk.inet.recverr = true;
        host.udp.error(0, host.family, {
          view: new DataView(bytes.buffer),
          at: 0,
          length: bytes.length,
          saddr: host.at(1),
          daddr: host.at(5),
          protocol: 17,
          type: 3,
          code: 3,
          info: 0,
          errno: 'ECONNREFUSED',
          fatal: true,
          offender: host.at(7),
          payload: () => bytes.slice(8),
        });
        host.end(sk);
      }),
    );
  });
});

/** What an application may do, in no sensible order. */
const action = fc.oneof(
  fc.record({
    do: fc.constant('send' as const),
    length: fc.oneof(fc.nat(3000), fc.nat(70_000)),
    flags: fc.subarray([MSG_MORE, MSG_ZEROCOPY]).map((flags) => flags.reduce((all, flag) => all | flag, 0)),
    to: fc.constantFrom(undefined, 1, 2, 5, 9, 100, 255),
    gsoSize: fc.constantFrom(0, 100, 1400),
  }),
  fc.record({
    do: fc.constant('receive' as const),
    length: fc.nat(3000),
    flags: fc
      .subarray([MSG_PEEK, MSG_TRUNC, MSG_ERRQUEUE])
      .map((flags) => flags.reduce((all, flag) => all | flag, 0)),
  }),
  fc.record({
    do: fc.constant('connect' as const),
    to: fc.constantFrom(0, 1, 2, 5, 9, 255),
    port: fc.nat(9),
  }),
  fc.record({ do: fc.constant('disconnect' as const) }),
  fc.record({ do: fc.constant('bind' as const), to: fc.constantFrom(0, 1, 2, 3, 100), port: fc.nat(9) }),
  fc.record({
    do: fc.constant('option' as const),
    name: fc.constantFrom('UDP_CORK', 'UDP_SEGMENT', 'UDP_GRO', 'SO_NO_CHECK', 'SO_PEEK_OFF'),
    value: fc.nat(2),
  }),
  fc.record({ do: fc.constant('shutdown' as const), how: fc.nat(4) }),
  fc.record({ do: fc.constant('close' as const) }),
);

describe('any calls', () => {
  it('end with every book at zero, whatever the network does with the packets', () => {
    fc.assert(
      fc.property(
        kinds,
        fc.array(fc.tuple(fc.nat(3), action), { maxLength: 40 }),
        fc.constantFrom('loop', 'hold', 'drop'),
        (kind, steps, below) => {
          const host = new Host(kind);
          if (below === 'loop') host.peer = host;
          host.hold = below === 'hold';
          host.result = below === 'drop' ? 1 : 0;
          const socks = [0, 1, 2, 3].map(() => {
            const sk = host.socket();
            sk.reuse = true;
            sk.zerocopy = true;
            sk.sndbuf = 20_000;
            sk.rcvbuf = 20_000;
            return sk;
          });
          for (const [which, step] of steps) perform(host, socks[which] as UdpSock, step);
          for (const sk of socks) {
            expect(sk.wmemAlloc).toBeGreaterThanOrEqual(0);
            expect(sk.rmemAlloc).toBeLessThanOrEqual(20_000 + 140_000);
          }
          host.end(...socks);
        },
      ),
    );
  });
});

/** Any result is fine; an exception is not. */
function perform(
  host: Host,
  sk: UdpSock,
  step: typeof action extends fc.Arbitrary<infer T> ? T : never,
): void {
  if (sk.closed) return;
  const { udp } = host;
  switch (step.do) {
    case 'send': {
      const message = new Message();
      if (step.to !== undefined) message.address = host.at(step.to);
      message.port = 1 + (step.length % 9);
      message.gsoSize = step.gsoSize;
      udp.sendmsg(0, sk, new Uint8Array(step.length), 0, step.length, step.flags, message);
      break;
    }
    case 'receive':
      udp.recvmsg(0, sk, new Uint8Array(step.length), 0, step.length, step.flags, new Message());
      break;
    case 'connect':
      udp.connect(0, sk, host.at(step.to), step.port);
      break;
    case 'disconnect':
      udp.disconnect(0, sk);
      break;
    case 'bind':
      udp.bind(0, sk, host.at(step.to), step.port);
      break;
    case 'option':
      udp.setsockopt(0, sk, step.name, step.value);
      break;
    case 'shutdown':
      udp.shutdown(0, sk, step.how);
      break;
    case 'close':
      udp.close(0, sk);
      break;
  }
}

describe('bytes', () => {
  it('arrive as they were sent, however they are cut and merged on the way', () => {
    fc.assert(
      fc.property(
        kinds,
        fc.uint8Array({ maxLength: 5000 }),
        fc.array(fc.integer({ min: 1, max: 4000 }), { maxLength: 5 }),
        fc.nat(1400),
        (kind, bytes, cuts, gsoSize) => {
          const host = new Host(kind);
          host.peer = host;
          const to = host.socket(8080, 1);
          to.rcvbuf = 1e9;
          const from = host.udp.socket(host.family);
          host.udp.setsockopt(0, from, 'UDP_SEGMENT', gsoSize);
          host.udp.connect(0, from, host.at(1), 8080);
          let at = 0;
          for (const cut of cuts) {
            const length = Math.min(cut, bytes.length - at);
            expect(host.udp.sendmsg(0, from, bytes, at, length, MSG_MORE)).toBe(length);
            at += length;
          }
          const result = host.udp.sendmsg(0, from, bytes, at, bytes.length - at, 0);
          if (gsoSize > 0 && bytes.length > gsoSize * 128) expect(result).toBe('EINVAL');
          else {
            const received: number[] = [];
            const into = new Uint8Array(5000);
            for (;;) {
              const length = host.udp.recvmsg(0, to, into, 0, 5000, 0);
              if (typeof length === 'string') break;
              if (gsoSize > 0) expect(length).toBeLessThanOrEqual(gsoSize);
              for (const byte of into.subarray(0, length)) received.push(byte);
            }
            expect(received).toEqual([...bytes]);
          }
          host.end(from, to);
        },
      ),
      { numRuns: 50 },
    );
  });
});
