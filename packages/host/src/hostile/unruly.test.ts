/**
 * Receivers that do what no receiver should: they close the window, open it by a byte, take it back, acknowledge what was never sent, or
 * again and again what was long acknowledged, and tell nonsense of what they have. None of it makes the sender spin or grow; when they
 * come to reason they get every byte, and when they do not the connection ends by the right errno.
 */
import { SO_SNDBUF, SOL_SOCKET, SOL_TCP, type Socket, TCP_NODELAY, TCP_USER_TIMEOUT } from '@stack/socket';
import type { TcpSock } from '@stack/tcp/engine';
import { describe, expect, it } from 'vitest';
import { pattern } from '../fixture.ts';
import { Outside, outcome, Peer, type PeerOptions } from './peer.fixture.ts';

const PORT = 4000;
const BYTES = pattern(300_000, 1);

/** A connection on which the host wants to send {@link BYTES}. */
class Transfer {
  readonly outside: Outside;
  readonly peer: Peer;
  sk!: TcpSock;
  socket!: Socket;
  /** What the send came to. */
  result: string | undefined;
  /** Most that was queued at the sender. */
  most = 0;

  constructor(options: PeerOptions = {}) {
    this.outside = new Outside();
    this.peer = new Peer(this.outside, PORT, options);
  }

  /** Connects, and has the peer behave as `misbehave` sets it, before anything is sent. */
  static async begin(misbehave: (transfer: Transfer) => void, options: PeerOptions = {}): Promise<Transfer> {
    const transfer = new Transfer(options);
    transfer.socket = await transfer.peer.connect();
    transfer.sk = transfer.outside.sock(PORT)!;
    transfer.socket.setsockopt(SOL_SOCKET, SO_SNDBUF, 100_000);
    misbehave(transfer);
    void outcome(transfer.socket.sendall(BYTES)).then((result) => {
      transfer.result = typeof result === 'string' ? result : 'sent';
    });
    return transfer;
  }

  /** Lets `seconds` pass: what the host sent and how often it woke in each on average, and that its queues keep their bounds. */
  async passes(seconds: number): Promise<{ packets: number; events: number }> {
    let packets = 0;
    let events = 0;
    for (let second = 0; second < seconds; second++) {
      const spent = await this.outside.spent(1);
      packets += spent.packets;
      events += spent.events;
      this.bounded();
    }
    return { packets: packets / seconds, events: events / seconds };
  }

  /** The sender's queues are within its buffer, whatever the peer says. */
  bounded(): void {
    const { host } = this.outside;
    expect(this.sk.wmemQueued).toBeLessThanOrEqual(this.sk.sndbuf + 66_000);
    expect(this.sk.packetsOut).toBeLessThanOrEqual(100);
    expect(host.pool.stats.skbs).toBeLessThanOrEqual(300);
    expect(host.timers.pending).toBeLessThanOrEqual(6);
  }

  /** The peer is honest from now on: every byte comes, in order, and both ends part. */
  async reason(seconds = 400): Promise<void> {
    const { outside, peer, socket } = this;
    peer.answer = () => peer.acknowledge();
    peer.window = 0xffff;
    peer.acknowledge();
    await outside.clock.runFor(seconds * 1_000_000);
    expect(this.result).toBe('sent');
    expect(peer.stream.length).toBe(BYTES.length);
    expect(Uint8Array.from(peer.stream)).toEqual(BYTES);
    await outside.clock.run(socket.close());
    await outside.clock.runFor(1_000_000);
    expect([peer.ended, peer.reset]).toEqual([true, false]);
    await outside.bury();
  }
}

const counters = ({ outside }: Transfer): Record<string, number> => outside.host.nstat();

/** Pseudorandom int32. */
function dice(): (below: number) => number {
  let state = 7;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

describe('a slow reader', () => {
  it('whose window is one byte, for ever: a byte a probe', async () => {
    const t = await Transfer.begin(({ peer }) => {
      peer.window = 1;
    });
    t.peer.acknowledge();
    const { packets, events } = await t.passes(60);
    expect(packets).toBeLessThanOrEqual(6);
    expect(events).toBeLessThanOrEqual(40);
    await t.reason();
  });

  it('whose window is one byte from the SYN on', async () => {
    const t = new Transfer();
    t.peer.window = 1;
    t.socket = await t.peer.connect();
    t.sk = t.outside.sock(PORT)!;
    t.socket.setsockopt(SOL_SOCKET, SO_SNDBUF, 100_000);
    t.socket.setsockopt(SOL_TCP, TCP_NODELAY, 1);
    void outcome(t.socket.sendall(BYTES)).then((result) => {
      t.result = typeof result === 'string' ? result : 'sent';
    });
    const { packets } = await t.passes(60);
    expect(packets).toBeLessThanOrEqual(20);
    await t.reason();
  });

  it('whose window is zero, for ever: probes further and further apart, and no end', async () => {
    const t = await Transfer.begin(({ peer }) => {
      peer.window = 0;
    });
    t.peer.acknowledge();
    const first = await t.passes(60);
    expect(first.packets * 60).toBeLessThanOrEqual(30);
    const later = await t.passes(3600);
    expect(later.packets * 3600).toBeLessThanOrEqual(3600 / 120 + 5);
    expect(later.packets * 3600).toBeGreaterThanOrEqual(25);
    expect(t.result).toBe(undefined);
    await t.reason();
  });

  it('whose window is zero and who says nothing: ETIMEDOUT', async () => {
    const t = await Transfer.begin(({ peer }) => {
      peer.window = 0;
    });
    t.peer.acknowledge();
    await t.passes(10);
    t.peer.answer = () => undefined;
    t.outside.host.sysctl.set('net.ipv4.tcp_retries2', 5);
    await t.outside.clock.runFor(600_000_000);
    expect(t.result).toBe('ETIMEDOUT');
    await t.outside.bury();
  });

  it('whose window is zero, with TCP_USER_TIMEOUT: ETIMEDOUT, though it answers', async () => {
    const t = await Transfer.begin(({ peer, socket }) => {
      socket.setsockopt(SOL_TCP, TCP_USER_TIMEOUT, 30_000);
      peer.window = 0;
    });
    t.peer.acknowledge();
    await t.outside.clock.runFor(25_000_000);
    expect(t.result).toBe(undefined);
    await t.outside.clock.runFor(40_000_000);
    expect(t.result).toBe('ETIMEDOUT');
    await t.outside.bury();
  });

  it('who takes a byte each millisecond, and says so: no small segments (RFC 9293 §3.8.6.2.1)', async () => {
    const t = await Transfer.begin(({ peer }) => {
      peer.window = 0;
      peer.answer = () => undefined;
    });
    t.peer.acknowledge();
    let window = 0;
    const { packets } = t.outside;
    for (let i = 0; i < 5000; i++) {
      window = window === 1000 ? 0 : window + 1;
      t.peer.send({ window });
      await t.outside.clock.runFor(1000);
    }
    t.bounded();
    expect(t.outside.packets - packets).toBeLessThanOrEqual(60);
    await t.reason();
  });

  it('who flips between no window and all of it, each millisecond', async () => {
    const t = await Transfer.begin(({ peer }) => {
      peer.answer = () => undefined;
    });
    t.peer.acknowledge();
    for (let i = 0; i < 5000; i++) {
      t.peer.send({ window: i % 2 === 0 ? 0 : 0xffff, seq: t.peer.sndNxt });
      await t.outside.clock.runFor(1000);
      if (i % 100 === 0) t.bounded();
    }
    await t.reason();
  });
});

describe('a receiver that shrinks its window', () => {
  it.each([
    ['to nothing', 0],
    ['to a byte', 1],
    ['to less than a segment', 700],
  ])('%s, over what is in flight: what it left out is sent again, rarely', async (_, window) => {
    const t = await Transfer.begin(({ peer }) => {
      peer.answer = (seen) => {
        // It takes the first segment and nothing more.
        const first = (seen.seq - peer.rcvNxt) | 0;
        peer.stream.length = Math.min(peer.stream.length, 1460);
        if (first <= 0) peer.window = window;
        peer.acknowledge();
      };
    });
    const first = await t.passes(10);
    expect(first.packets * 10).toBeLessThanOrEqual(150);
    const later = await t.passes(600);
    expect(later.packets).toBeLessThanOrEqual(6);
    expect(t.result).toBe(undefined);
    await t.reason();
  });

  it('by a byte with every ACK', async () => {
    const t = await Transfer.begin(({ peer }) => {
      let edge = 60_000;
      peer.answer = () => {
        edge = Math.max(edge - 1, 0);
        peer.window = edge;
        peer.acknowledge();
      };
    });
    await t.passes(20);
    await t.reason();
  });
});

describe('a receiver that acknowledges', () => {
  it('what was not sent: a challenge each half second, and nothing is taken', async () => {
    const t = await Transfer.begin(({ peer }) => {
      peer.answer = () => undefined;
    });
    await t.outside.clock.runFor(100_000);
    const { sndUna, sndNxt } = t.sk;
    const { packets } = t.outside;
    const roll = dice();
    for (let i = 0; i < 20_000; i++) {
      t.peer.send({ ack: (t.sk.sndNxt + 1 + roll(0x7000_0000)) | 0 });
      if (i % 4 === 3) await t.outside.clock.runFor(1000);
    }
    expect(t.sk.sndUna).toBe(sndUna);
    expect((t.sk.sndNxt - sndNxt) | 0).toBeLessThanOrEqual(2 * 1460); // a loss probe's
    expect(t.outside.packets - packets).toBeLessThanOrEqual(11 + 8);
    expect(counters(t).TcpExtTCPChallengeACK).toBeLessThanOrEqual(11);
    t.bounded();
    await t.reason();
  });

  it('the same again and again, twenty thousand times', async () => {
    for (const sack of [true, false]) {
      const t = await Transfer.begin(
        ({ peer }) => {
          peer.answer = () => undefined;
        },
        { sack },
      );
      await t.outside.clock.runFor(20_000);
      const { packets } = t.outside;
      for (let i = 0; i < 20_000; i++) {
        t.peer.send();
        if (i % 10 !== 9) continue;
        await t.outside.clock.runFor(1000);
        t.bounded();
      }
      // One window of new segments at most may be had for them, and what a timeout sends again.
      expect(t.outside.packets - packets, `sack ${sack}`).toBeLessThanOrEqual(60);
      await t.reason();
    }
  });

  it('what was long acknowledged, from the whole past', async () => {
    const t = await Transfer.begin(() => undefined);
    await t.outside.clock.runFor(200_000);
    t.peer.answer = () => undefined;
    await t.outside.clock.runFor(20_000);
    const una = t.sk.sndUna;
    const { packets } = t.outside;
    const roll = dice();
    for (let i = 0; i < 20_000; i++) {
      t.peer.send({ ack: (una - roll(i % 2 === 0 ? 100_000 : 0x7fff_ffff) - 1) | 0, window: roll(0x1_0000) });
      if (i % 4 === 3) await t.outside.clock.runFor(1000);
    }
    expect(t.sk.sndUna).toBe(una);
    expect(t.outside.packets - packets).toBeLessThanOrEqual(11 + 20);
    t.bounded();
    await t.reason();
  });

  it('each byte by itself (ACK division): the window grows by bytes, not by ACKs (RFC 3465)', async () => {
    const t = await Transfer.begin(({ peer }) => {
      peer.answer = () => undefined;
    });
    await t.outside.clock.runFor(20_000);
    const before = t.sk.sndCwnd;
    const start = t.peer.rcvNxt;
    for (let i = 1; i < 1460; i++) t.peer.send({ ack: (start + i) | 0 });
    await t.outside.clock.runFor(1000);
    expect(t.sk.sndCwnd).toBeLessThanOrEqual(before + 2);
    t.bounded();
    await t.reason();
  });
});

describe('a receiver whose SACKs are rubbish', () => {
  const KINDS: readonly [string, (roll: (below: number) => number) => number[]][] = [
    ['beyond what was sent', (roll) => [500_000 + roll(1e6), 2_000_000 + roll(1e6)]],
    ['half beyond it', (roll) => [roll(1000), 1_000_000 + roll(1e6)]],
    ['inverted', (roll) => [5000 + roll(5000), 1 + roll(4000)]],
    ['empty', (roll) => Array(2).fill(3000 + roll(2)) as number[]],
    ['below what is acknowledged', (roll) => [-20_000 - roll(1e6), -1 - roll(10_000)]],
    ['across it', (roll) => [-1 - roll(10_000), 1 + roll(10_000)]],
    ['half around the circle', (roll) => [0x7fff_0000 + roll(0xffff), -0x7fff_0000 + roll(0xffff)]],
    ['D-SACKs of what was never sent twice', (roll) => [-1460 - roll(3), -roll(3)]],
    ['overlapping', (roll) => [1460, 8000 + roll(10), 2920 + roll(1460), 9000, 1460, 5000]],
    ['of single bytes', (roll) => [2000 + 2 * roll(4000)].flatMap((at) => [at, at + 1])],
    ['of everything at once', (roll) => Array.from({ length: 6 }, () => roll(40_000) - 10_000)],
  ];

  const DISCARDED = new Set(['beyond what was sent', 'half beyond it', 'inverted', 'empty']);

  it.each(KINDS)('%s: thousands of them', async (kind, edges) => {
    const t = await Transfer.begin(({ peer }) => {
      peer.answer = () => undefined;
    });
    await t.outside.clock.runFor(20_000);
    const { packets, events } = t.outside;
    const roll = dice();
    for (let i = 0; i < 10_000; i++) {
      t.peer.send({ sacks: edges(roll) });
      if (i % 10 !== 9) continue;
      await t.outside.clock.runFor(1000);
      t.bounded();
    }
    if (DISCARDED.has(kind)) expect(counters(t).TcpExtTCPSACKDiscard).toBe(10_000);
    // A second's worth of them: what is sent follows the timers, not the ACKs.
    expect(t.outside.packets - packets).toBeLessThanOrEqual(150);
    expect(t.outside.events - events).toBeLessThanOrEqual(3 * 10_000);
    await t.reason();
  });

  it.each(KINDS)('%s: with every ACK of a receiver that is honest otherwise', async (_, edges) => {
    const roll = dice();
    const t = await Transfer.begin(({ peer }) => {
      peer.answer = () => {
        peer.acknowledge();
        peer.send({ sacks: edges(roll) });
      };
    });
    await t.passes(30);
    expect(t.outside.packets).toBeLessThanOrEqual(4000);
    await t.reason();
  });
});

describe('a receiver that reneges', () => {
  it('tells of all behind the first segment, and throws it away: it is sent again when that shows', async () => {
    const t = await Transfer.begin(({ peer }) => {
      peer.answer = () => {
        const end = peer.stream.length - peer.received;
        peer.send({ sacks: end > 1460 ? [1460, end] : [] });
        peer.forget();
      };
    });
    const { packets } = await t.passes(30);
    expect(packets).toBeLessThanOrEqual(20);
    await t.reason();
    expect(counters(t).TcpExtTCPSACKReneging).toBeGreaterThan(0);
  });

  it('again and again: on a path that loses every fifth segment it forgets what it told of, ten times a second', async () => {
    let count = 0;
    let last = 0;
    const t = await Transfer.begin(({ peer, outside }) => {
      peer.lose = () => ++count % 5 === 0;
      peer.answer = () => {
        peer.acknowledge();
        const now = outside.clock.now();
        if (now - last < 100_000) return;
        last = now;
        peer.forget();
      };
    });
    const { packets } = await t.passes(30);
    expect(packets).toBeLessThanOrEqual(200);
    t.peer.lose = undefined;
    await t.reason();
  });
});
