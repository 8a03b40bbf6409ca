/** Segments near connections that live, in every state they can be in, between what both ends do with them. */
import { AF_INET, isSocketError, MSG_DONTWAIT, SHUT_WR, SOCK_STREAM, type Socket } from '@stack/socket';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ECHO, IDLE, Siege } from './fixture.ts';
import {
  connectionsOf,
  errorFrame,
  framesOf,
  type NearError,
  type NearSegment,
  nearError,
  nearSegment,
} from './near.fixture.ts';
import { runs } from './runs.fixture.ts';

type Step =
  | { readonly segment: NearSegment; readonly to: number }
  | { readonly error: NearError; readonly to: number }
  | { readonly act: 'connect' | 'reach' | 'send' | 'recv' | 'shutdown' | 'close'; readonly n: number }
  | { readonly wait: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ segment: nearSegment(), to: fc.nat(20) }, { noNullPrototype: true }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ error: nearError(), to: fc.nat(20) }, { noNullPrototype: true }),
  },
  {
    weight: 4,
    arbitrary: fc.record(
      {
        act: fc.constantFrom('connect', 'reach', 'send', 'send', 'recv', 'shutdown', 'close'),
        n: fc.nat(20_000),
      },
      { noNullPrototype: true },
    ),
  },
  {
    weight: 3,
    arbitrary: fc
      .oneof(fc.nat(50), fc.nat(1000), fc.nat(300_000), fc.nat(100_000_000))
      .map((wait) => ({ wait })),
  },
);

/** What became of calls: a socket error, or nothing worth telling. */
async function settled(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!isSocketError(error)) throw error;
  }
}

function tried(call: () => void): void {
  try {
    call();
  } catch (error) {
    if (!isSocketError(error)) throw error;
  }
}

/** Applications on both hosts; none of their calls is waited for. */
class Programs {
  readonly siege: Siege;
  readonly #sockets: Socket[] = [];
  readonly #calls: Promise<void>[] = [];

  constructor(siege: Siege) {
    this.siege = siege;
    const service = siege.friend.socket(AF_INET, SOCK_STREAM);
    service.bind({ port: ECHO });
    service.listen(3);
  }

  act(act: 'connect' | 'reach' | 'send' | 'recv' | 'shutdown' | 'close', n: number): void {
    const { host, friend } = this.siege;
    if (act === 'connect' || act === 'reach') {
      // The friend to the host; the host to the friend, or to somebody who is not there.
      const socket = (act === 'connect' ? friend : host).socket(AF_INET, SOCK_STREAM);
      const address =
        act === 'connect' ? '192.168.1.10' : ['192.168.1.20', '192.168.1.99', '8.8.8.8'][n % 3]!;
      this.#sockets.push(socket);
      this.#calls.push(settled(socket.connect({ address, port: n % 4 === 0 ? IDLE : ECHO })));
      return;
    }
    const socket = this.#sockets[n % (this.#sockets.length || 1)];
    if (socket === undefined || socket.closed) return;
    if (act === 'send') this.#calls.push(settled(socket.send(new Uint8Array(n), MSG_DONTWAIT)));
    else if (act === 'recv') this.#calls.push(settled(socket.recv(n, MSG_DONTWAIT)));
    else if (act === 'shutdown') tried(() => socket.shutdown(SHUT_WR));
    else this.#calls.push(settled(socket.close()));
  }

  /** All calls are over. */
  async over(): Promise<void> {
    await Promise.all(this.#calls);
  }

  /** No socket is left of these programs; the host's own go on. */
  async end(): Promise<void> {
    for (const socket of this.#sockets) if (!socket.closed) this.#calls.push(settled(socket.close()));
    await this.siege.clock.run(Promise.all(this.#calls));
  }
}

async function battle(steps: readonly Step[], isAbandoned: boolean): Promise<void> {
  const siege = new Siege();
  const programs = new Programs(siege);
  programs.act('connect', 1);
  programs.act('reach', 0);
  await siege.clock.runFor(1000);
  for (const one of steps) {
    if ('wait' in one) await siege.clock.runFor(one.wait);
    else if ('act' in one) programs.act(one.act, one.n);
    else {
      const known = connectionsOf(siege.host);
      const about = known[one.to % (known.length || 1)];
      if (about === undefined) continue;
      const frames = 'segment' in one ? framesOf(one.segment, about) : [errorFrame(one.error, about)];
      for (const bytes of frames) siege.attack('eth0', bytes);
    }
    expect(siege.excesses()).toEqual([]);
  }
  if (!isAbandoned) {
    await programs.end();
    await siege.clock.runFor(60_000_000);
    await siege.answers();
  }
  await siege.bury();
  await programs.over();
}

describe('segments near live connections', () => {
  it('nothing thrown, no limit exceeded, the host answers, and leaves nothing', async () => {
    const steps = fc.array(step, { minLength: 1, maxLength: 40, size: 'max' });
    await fc.assert(fc.asyncProperty(steps, fc.boolean(), battle), { numRuns: runs(0.3) });
  });
});
