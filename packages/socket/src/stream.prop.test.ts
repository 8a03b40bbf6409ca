import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeKernel, FakeSignal, FakeStream, settle } from './fixture.ts';
import {
  isSocketError,
  MSG_DONTWAIT,
  MSG_PEEK,
  MSG_WAITALL,
  SHUT_WR,
  SO_RCVTIMEO,
  SO_SNDTIMEO,
  SOL_SOCKET,
  type Socket,
  Sockets,
} from './index.ts';

/** One direction: what was asked to be sent, in the order of the calls, and what came out. */
interface Direction {
  sends: { data: Uint8Array; count: number }[];
  received: number[];
}

interface Side {
  socket: Socket;
  proto: FakeStream;
  out: Direction;
  in: Direction;
  hasEnded: boolean;
}

const side = fc.boolean();
const length = fc.integer({ min: 1, max: 40 });
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('send' as const),
      side,
      length,
      flags: fc.constantFrom(0, 0, MSG_DONTWAIT),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('sendmsg' as const),
      side,
      lengths: fc.array(fc.nat(12), { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('recv' as const),
      side,
      length,
      flags: fc.constantFrom(0, 0, MSG_DONTWAIT, MSG_WAITALL, MSG_PEEK, MSG_PEEK | MSG_WAITALL),
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('deliver' as const), side, length }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('settle' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('time' as const), length: fc.nat(8000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('abort' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('end' as const), side }) },
);

describe('two applications on a connection', () => {
  it('read what was written, whatever they call and when: each call its own bytes, in the order of the calls', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60 }),
        fc.integer({ min: 1, max: 30 }),
        fc.constantFrom(0, 3, 20),
        async (steps, room, timeout) => {
          const kernel = new FakeKernel();
          const sides = connect(kernel, room, timeout);
          let signal = new FakeSignal();
          let number = 0;
          const make = (count: number): Uint8Array => {
            const k = number++;
            return Uint8Array.from({ length: count }, (_, i) => k * 31 + i);
          };
          for (const s of steps) {
            if (s.kind === 'settle') await settle();
            else if (s.kind === 'time') await kernel.advance(s.length);
            else if (s.kind === 'abort') {
              signal.abort('off');
              signal = new FakeSignal();
            } else {
              const at = sides[s.side ? 1 : 0];
              if (s.kind === 'send') {
                const data = make(s.length);
                note(at, data, at.socket.send(data, { flags: s.flags, signal }));
              } else if (s.kind === 'sendmsg') {
                const data = s.lengths.map(make);
                const whole = Uint8Array.from(data.flatMap((part) => [...part]));
                note(at, whole, at.socket.sendmsg({ data, signal }));
              } else if (s.kind === 'recv') receive(at, s.length, s.flags, signal);
              else if (s.kind === 'deliver') at.proto.deliver(s.length);
              else if (!at.hasEnded) {
                at.hasEnded = true;
                at.socket.shutdown(SHUT_WR);
              }
            }
          }
          await finish(kernel, sides);
        },
      ),
    );
  });
});

function connect(kernel: FakeKernel, room: number, timeout: number): [Side, Side] {
  const sockets = new Sockets(kernel);
  const [a, b] = FakeStream.pair();
  const there: Direction = { sends: [], received: [] };
  const back: Direction = { sends: [], received: [] };
  return [
    { proto: a, out: there, in: back },
    { proto: b, out: back, in: there },
  ].map(({ proto, ...directions }) => {
    proto.room = room;
    const socket = sockets.open(proto, 0) as Socket;
    socket.core.connection = 'connected';
    socket.setsockopt(SOL_SOCKET, SO_RCVTIMEO, timeout);
    socket.setsockopt(SOL_SOCKET, SO_SNDTIMEO, timeout);
    return { socket, proto, ...directions, hasEnded: false };
  }) as [Side, Side];
}

/** Only these may a call fail with here. */
function isExpected(error: unknown): boolean {
  return error === 'off' || ['EAGAIN', 'EPIPE', 'EBADF'].some((code) => isSocketError(error, code));
}

function note(at: Side, data: Uint8Array, sending: Promise<number>): void {
  const entry = { data, count: 0 };
  at.out.sends.push(entry);
  sending.then(
    (count) => {
      entry.count = count;
    },
    (error: unknown) => expect(isExpected(error), String(error)).toBe(true),
  );
}

function receive(at: Side, length: number, flags: number, signal: FakeSignal): void {
  at.socket.recv(length, { flags, signal }).then(
    (data) => {
      expect(data.length).toBeLessThanOrEqual(length);
      if ((flags & MSG_PEEK) === 0) at.in.received.push(...data);
    },
    (error: unknown) => expect(isExpected(error), String(error)).toBe(true),
  );
}

/** Delivers everything, reads everything, and compares; then closes, and nothing is left waiting. */
async function finish(kernel: FakeKernel, sides: [Side, Side]): Promise<void> {
  for (let i = 0; i < 200; i++) {
    for (const { proto, socket } of sides) {
      await settle();
      proto.deliver();
      await settle();
      if (proto.received.length > 0)
        await socket.recv(100, MSG_DONTWAIT).then(
          (data) => sides.find((at) => at.socket === socket)?.in.received.push(...data),
          () => undefined, // somebody waits already
        );
    }
  }
  for (const { socket } of sides) await socket.close();
  await settle();
  for (const { in: direction, proto } of sides) {
    const expected = direction.sends.flatMap(({ data, count }) => [...data.subarray(0, count)]);
    expect([...direction.received, ...proto.received]).toEqual(expected);
  }
  expect(kernel.waiters).toBe(0);
  expect(kernel.depth).toBe(0);
  expect(kernel.armed).toBe(0);
}
