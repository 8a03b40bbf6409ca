/**
 * For tests: what a scenario is that moves counters, and connections that most of them begin with.
 * @module
 */
import type { Host } from './fixture.ts';
import { type TcpCounters, type TcpExtCounters, tcpMib } from './mib.ts';
import { type PeerOptions, Script, type ScriptOptions } from './script.fixture.ts';

/** A counter of either group; no name is in both. */
export type Counter = keyof TcpCounters | keyof TcpExtCounters;

/** Something that happens to a host, and by how much counters move for it. What is not named may move or not. */
export interface Scenario {
  readonly name: string;
  readonly moves: Partial<Record<Counter, number>>;
  /** The host that counts. */
  run(): Host;
}

/** What moved since the host began, by name: as `nstat` shows it, but without the group. */
export function moved(host: Host): Map<string, number> {
  const { Tcp, TcpExt } = host.tcp.mib;
  const before = tcpMib();
  const found = new Map<string, number>();
  for (const [now, then] of [
    [Tcp, before.Tcp],
    [TcpExt, before.TcpExt],
  ] as const) {
    const old = then as unknown as Record<string, number>;
    for (const [name, value] of Object.entries(now)) {
      if (value !== old[name]) found.set(name, value - (old[name] as number));
    }
  }
  return found;
}

/** A connection that the peer opened. */
export function established(peer: PeerOptions = {}, options: ScriptOptions = {}): Script {
  return new Script(options).accepted({ mss: 1000, win: 60_000, ...peer });
}

/** `n` segments of 1000 bytes in flight since 100 ms, RTT 100 ms; with timestamps too if `ts`. `more` bytes wait. */
export function inFlight(n: number, peer: PeerOptions = {}, options: ScriptOptions = {}, more = 0): Script {
  const s = established({ mss: peer.ts === true ? 1012 : 1000, sack: true, rtt: 0.1, ...peer }, options);
  s.host.tcp.setsockopt(s.now, s.sk, 'TCP_NODELAY', 1);
  s.sk.sndbuf = 1 << 20;
  return s
    .send(n * 1000 + more)
    .ignore()
    .after(0.1);
}

/** An ACK of the peer of {@link inFlight}. */
export function ack(una: number, ...blocks: string[]): string {
  const sack = blocks.length === 0 ? '' : ` <nop,nop,sack ${blocks.join(' ')}>`;
  return `. 1:1(0) ack ${una} win 60000${sack}`;
}

/** A listener at port 80 with a queue of `backlog`. */
export function listening(backlog: number, options: ScriptOptions = {}): Script {
  const s = new Script(options);
  s.host.tcp.bind(s.now, s.sk, 0, 80);
  s.host.tcp.listen(s.now, s.sk, backlog);
  return s;
}

/** `host` is told by ICMP (type 3, `code`) that its segment with the number `seq` did not get to `daddr`. */
export function unreachable(
  host: Host,
  daddr: number,
  sport: number,
  dport: number,
  seq: number,
  code: number,
): void {
  const view = new DataView(new ArrayBuffer(8));
  view.setUint16(0, sport);
  view.setUint16(2, dport);
  view.setInt32(4, seq);
  host.tcp.error(host.world.now, host.family as never, {
    view,
    at: 0,
    length: 8,
    saddr: host.address,
    daddr,
    protocol: 6,
    type: 3,
    code,
    info: 0,
    errno: code === 1 ? 'EHOSTUNREACH' : 'ECONNREFUSED',
    fatal: code !== 1,
    offender: daddr,
    payload: () => new Uint8Array(0),
  });
}
