/**
 * Somebody who knows the addresses and ports of a connection but not its numbers, and guesses: RFC 5961. However many guesses, they
 * change nothing, and the host answers few of them.
 */
import type { Socket } from '@stack/socket';
import { ACK, FIN, PSH, RST, SYN, URG } from '@stack/tcp';
import { ESTABLISHED, type TcpSock } from '@stack/tcp/engine';
import { beforeEach, describe, expect, it } from 'vitest';
import { pattern } from '../fixture.ts';
import { Outside, Peer } from './peer.fixture.ts';

const PEER = 4000;
const DATA = new Uint8Array(100).fill(0xee);
/** Guesses that come each millisecond, unless a test says otherwise. */
const PACE = 10;

let outside: Outside;
let peer: Peer;
let socket: Socket;
let sk: TcpSock;

/** All that an attacker might want to change. */
function state(): Record<string, unknown> {
  const {
    rcvNxt,
    sndUna,
    sndNxt,
    sndWnd,
    maxWindow,
    rmemAlloc,
    wmemQueued,
    ofoQueue,
    urgData,
    caState,
    sndCwnd,
  } = sk;
  const queues = { rmemAlloc, wmemQueued, ofo: ofoQueue === undefined };
  return { state: sk.state, rcvNxt, sndUna, sndNxt, sndWnd, maxWindow, urgData, caState, sndCwnd, ...queues };
}

/** Bytes go both ways, and are those that were sent. */
async function exchange(): Promise<void> {
  const { clock } = outside;
  const bytes = pattern(1000, 1);
  const length = peer.stream.length;
  peer.send({ flags: PSH | ACK }, bytes);
  peer.sndNxt = (peer.sndNxt + bytes.length) | 0;
  expect(await clock.run(socket.recv(2000))).toEqual(bytes);
  await clock.run(socket.sendall(bytes));
  await clock.runFor(1_000_000);
  expect(Uint8Array.from(peer.stream.slice(length))).toEqual(bytes);
}

/** Makes `count` guesses, that change nothing; what the host sent meanwhile, and how long it took. */
async function guesses(
  count: number,
  guess: (index: number) => void,
  pace = PACE,
): Promise<{ packets: number; seconds: number }> {
  const before = state();
  const { packets } = outside;
  for (let i = 0; i < count; i++) {
    guess(i);
    if (i % pace === pace - 1) await outside.clock.runFor(1000);
  }
  await outside.clock.runFor(1000);
  expect(state()).toEqual(before);
  return { packets: outside.packets - packets, seconds: count / pace / 1000 };
}

const counter = (name: string): number => outside.host.nstat()[`TcpExt${name}`]!;

beforeEach(async () => {
  outside = new Outside();
  peer = new Peer(outside, PEER);
  socket = await peer.connect();
  sk = outside.sock(PEER)!;
  await exchange();
  peer.answer = () => undefined;
  expect(sk.state).toBe(ESTABLISHED);
});

describe('blind guesses change nothing, and are answered twice a second at most', () => {
  /** A challenge each half second, one to begin with. */
  const few = (seconds: number): number => Math.floor(seconds / 0.5) + 1;

  it.each([
    ['RST', RST],
    ['RST with an ACK', RST | ACK],
  ])('%s: every number of the window but the one', async (_, flags) => {
    const { packets, seconds } = await guesses(sk.rcvWnd - 1, (i) =>
      peer.send({ seq: (sk.rcvNxt + 1 + i) | 0, flags }),
    );
    expect(packets).toBe(few(seconds));
    expect(counter('TCPChallengeACK')).toBe(packets);
    expect(counter('TCPACKSkippedChallenge')).toBe(sk.rcvWnd - 1 - packets);
    peer.answer = () => peer.acknowledge();
    await exchange();
    await outside.bury();
  });

  it('RST: numbers a window apart, all around, of which one is in the window', async () => {
    const count = Math.ceil(2 ** 32 / sk.rcvWnd);
    const { packets } = await guesses(count, (i) =>
      peer.send({ seq: (sk.rcvNxt + 1 + i * sk.rcvWnd) | 0, flags: RST }),
    );
    expect(packets).toBeLessThanOrEqual(2);
    expect(packets).toBeGreaterThanOrEqual(1);
    peer.answer = () => peer.acknowledge();
    await exchange();
    await outside.bury();
  });

  it.each([
    ['SYN', SYN],
    ['SYN with an ACK', SYN | ACK],
  ])('%s: every number of the window', async (_, flags) => {
    const { packets, seconds } = await guesses(sk.rcvWnd, (i) =>
      peer.send({ seq: (sk.rcvNxt + i) | 0, flags }),
    );
    expect(packets).toBe(few(seconds));
    expect(counter('TCPSYNChallenge')).toBe(sk.rcvWnd);
    expect(counter('TCPChallengeACK')).toBe(packets);
    peer.answer = () => peer.acknowledge();
    await exchange();
    await outside.bury();
  });

  it.each([
    ['nothing', new Uint8Array(0)],
    ['data', DATA],
  ])('ACKs with %s: the very next number, and an ACK a window from the last, all around', async (_, data) => {
    // Those that are taken: no older than the window was ever large, and no newer than what was sent.
    const least = Math.min(sk.maxWindow, sk.bytesAcked);
    const count = Math.floor((2 ** 32 - least) / sk.maxWindow);
    const { packets, seconds } = await guesses(count, (i) => {
      peer.send({ ack: (sk.sndNxt + 1 + i * sk.maxWindow) | 0, flags: PSH | ACK }, data);
    });
    expect(packets).toBe(few(seconds));
    expect(counter('TCPChallengeACK')).toBe(packets);
    peer.answer = () => peer.acknowledge();
    await exchange();
    await outside.bury();
  });

  it('ACKs of the future: each of the next 65 536', async () => {
    const { packets, seconds } = await guesses(65_536, (i) => peer.send({ ack: (sk.sndNxt + 1 + i) | 0 }));
    expect(packets).toBe(few(seconds));
    peer.answer = () => peer.acknowledge();
    await exchange();
    await outside.bury();
  });

  it('data outside of the window, all around: dropped, and alone in being answered one by one, never with more', async () => {
    const step = sk.rcvWnd;
    const count = Math.floor(2 ** 32 / step) - 2;
    const { packets } = await guesses(count, (i) =>
      peer.send({ seq: (sk.rcvNxt + (i + 1) * step + 1) | 0, flags: ACK }, DATA),
    );
    expect(packets).toBeGreaterThan(0);
    expect(packets).toBeLessThanOrEqual(count);
    expect(counter('TCPOFOQueue')).toBe(0);
    peer.answer = () => peer.acknowledge();
    await exchange();
    await outside.bury();
  });

  it('a FIN and urgent data with a wrong ACK', async () => {
    await guesses(10_000, (i) => {
      outside.send(
        PEER,
        {
          seq: sk.rcvNxt,
          ack: (sk.sndNxt + 1 + i * 400_000) | 0,
          flags: i % 2 === 0 ? ACK | FIN : ACK | URG,
          window: 0,
          urgent: 1,
        },
        DATA,
      );
    });
    peer.answer = () => peer.acknowledge();
    await exchange();
    await outside.bury();
  });
});

describe('answers are limited', () => {
  it('of one connection by tcp_invalid_ratelimit', async () => {
    for (const [limit, packets] of [
      [2000, 5],
      [100, 100],
    ] as const) {
      outside.host.sysctl.set('net.ipv4.tcp_invalid_ratelimit', limit);
      await outside.clock.runFor(5_000_000);
      const spent = await guesses(10_000, () => peer.send({ flags: RST, seq: (sk.rcvNxt + 9) | 0 }), 1);
      expect(spent).toEqual({ packets, seconds: 10 });
    }
    await outside.bury();
  });

  it('of all connections by tcp_challenge_ack_limit', async () => {
    const LIMIT = 10;
    outside.host.sysctl.set('net.ipv4.tcp_challenge_ack_limit', LIMIT);
    const others = [];
    for (let i = 0; i < 50; i++) {
      const other = new Peer(outside, 5000 + i);
      await other.connect();
      others.push(other);
    }
    await outside.clock.runUntil(10_000_000);
    const seen: number[] = [];
    for (let second = 0; second < 20; second++) {
      const { packets } = outside;
      for (const other of others) {
        other.send({ seq: (other.sndNxt + 9) | 0, flags: RST });
        other.send({ ack: (other.rcvNxt + 9) | 0 });
        other.send({ flags: SYN });
        await outside.clock.runFor(1000);
      }
      await outside.clock.runFor(950_000);
      seen.push(outside.packets - packets);
    }
    // How many it is changes from second to second, or one could count what somebody else used up.
    for (const count of seen) expect(count).toBeLessThan(LIMIT * 1.5);
    for (const count of seen) expect(count).toBeGreaterThanOrEqual(LIMIT / 2);
    expect(new Set(seen).size).toBeGreaterThan(3);
    await outside.bury();
  });

  it('of a half-open connection: guesses of its number are refused one by one, and it is still there', async () => {
    const half = new Peer(outside, 6000);
    half.receive = (seen) => {
      if ((seen.flags & SYN) !== 0) half.rcvNxt = (seen.seq + 1) | 0;
    };
    outside.send(6000, { seq: 999, ack: 0, flags: SYN, window: 1000 });
    await outside.clock.runFor(20_000);
    const { packets } = outside;
    for (let i = 1; i <= 10_000; i++) half.send({ ack: (half.rcvNxt + i * 429_000) | 0 });
    await outside.clock.runFor(1000);
    expect(outside.packets - packets).toBe(10_000);
    expect(counter('SyncookiesRecv')).toBe(0);
    half.send();
    expect(await outside.clock.run(outside.listener.accept())).toBeDefined();
    await outside.bury();
  });
});
