/**
 * Arbitraries of networks and of what applications do on them.
 * @module
 */
import { MSG_DONTWAIT, MSG_MORE, MSG_PEEK, MSG_WAITALL, SHUT_RD, SHUT_RDWR, SHUT_WR } from '@stack/socket';
import fc from 'fast-check';
import {
  Accept,
  Close,
  type Command,
  Connect,
  Listen,
  Pass,
  Recv,
  SETTINGS,
  Send,
  SetOption,
  type Setting,
  Shutdown,
  Unlisten,
} from './commands.fixture.ts';
import type { Network, Side } from './world.fixture.ts';

const pick = fc.nat(15);
const side = fc.constantFrom<Side>('a', 'b');
const port = fc.oneof({ weight: 4, arbitrary: fc.constant(1) }, fc.constant(2));
const length = fc.oneof(fc.nat(10), fc.nat(3000), fc.nat(200_000));

function setting(): fc.Arbitrary<Setting> {
  const names = Object.keys(SETTINGS) as (keyof typeof SETTINGS)[];
  return fc.tuple(fc.constantFrom(...names), fc.oneof(fc.nat(7), fc.nat(100_000)));
}

/** Any of these flags. */
function anyOf(...flags: readonly number[]): fc.Arbitrary<number> {
  return fc.subarray([...flags]).map((chosen) => chosen.reduce((all, flag) => all | flag, 0));
}

/** All commands; those that move bytes come more often. */
export function commands(): fc.Arbitrary<Command>[] {
  const sends = fc
    .tuple(pick, length, anyOf(MSG_MORE, MSG_DONTWAIT))
    .map(([at, bytes, flags]) => new Send(at, bytes, flags));
  // To look at more than fits into the buffer would wait for ever, in Linux too.
  const receives = fc
    .tuple(pick, length, fc.oneof(anyOf(MSG_WAITALL, MSG_DONTWAIT), anyOf(MSG_PEEK, MSG_DONTWAIT)))
    .map(([at, bytes, flags]) => new Recv(at, bytes, flags));
  const passes = fc
    .oneof(fc.nat(100), fc.nat(50_000), fc.nat(3_000_000), fc.nat(100_000_000))
    .map((time) => new Pass(time));
  const connects = fc
    .tuple(side, port, fc.array(setting(), { maxLength: 2 }))
    .map(([from, to, settings]) => new Connect(from, to, settings));
  const listens = fc.tuple(side, port).map(([at, number]) => new Listen(at, number));
  const accepts = fc
    .tuple(side, port, fc.boolean())
    .map(([at, number, waits]) => new Accept(at, number, waits));
  return [
    listens,
    connects,
    connects,
    accepts,
    accepts,
    ...[sends, sends, sends, sends, sends, sends],
    ...[receives, receives, receives, receives, receives, receives],
    ...[passes, passes, passes, passes],
    fc.tuple(pick, setting()).map(([at, one]) => new SetOption(at, one)),
    fc.tuple(pick, setting()).map(([at, one]) => new SetOption(at, one)),
    fc
      .tuple(pick, fc.constantFrom(SHUT_RD, SHUT_WR, SHUT_WR, SHUT_RDWR))
      .map(([at, how]) => new Shutdown(at, how)),
    pick.map((at) => new Close(at)),
    fc.tuple(side, port).map(([at, number]) => new Unlisten(at, number)),
  ];
}

/** How every run begins: both hosts listen, and `a` is connected to `b`. */
export function beginning(): Command[] {
  return [
    new Listen('a', 1),
    new Listen('b', 1),
    new Accept('b', 1, true),
    new Connect('a', 1, []),
    new Pass(10_000_000),
  ];
}

/** Networks from good to bad, and hosts with small buffers or without TCP's options. */
export function network(): fc.Arbitrary<Network> {
  return fc.record(
    {
      seed: fc.nat(0xffff),
      loss: fc.constantFrom(0, 0.05, 0.2),
      reorder: fc.constantFrom(0, 0.25),
      duplicate: fc.constantFrom(0, 0.05),
      corrupt: fc.constantFrom(0, 0.01),
      delay: fc.constantFrom(0, 1000, 40_000),
      rate: fc.constantFrom(1_000_000_000, 1_000_000),
      sysctl: fc.constantFrom(
        {},
        {},
        { 'net.ipv4.tcp_timestamps': 0 },
        { 'net.ipv4.tcp_window_scaling': 0 },
        { 'net.ipv4.tcp_wmem': '4096 8192 16384', 'net.ipv4.tcp_rmem': '4096 8192 16384' },
      ),
    },
    { noNullPrototype: true },
  );
}
