/**
 * For tests: flows through one bottleneck. A client, a router and a server, in virtual time.
 * @module
 */
import { Nic, Wire } from '@stack/nic-sim';
import { AF_INET, SOCK_STREAM, SOL_TCP, type Socket, TCP_CONGESTION, TCP_INFO } from '@stack/socket';
import { VirtualClock } from './clock/virtual-clock.ts';
import { station } from './fixture.ts';
import type { QdiscSpec } from './verbs/qdisc.ts';

/** µs. */
export const SECOND = 1_000_000;
/** Seconds that flows run. */
export const SECONDS = 20;
/** Seconds of the start that the shares leave out. */
export const SETTLING = 8;
export const MSS = 1448;
/** Bytes of an Ethernet frame with a full segment, on the wire. */
export const WIRE_MSS = 1538;

export interface Flow {
  readonly congestion: string;
  /** Bytes received by the end of each second. */
  readonly received: number[];
  retransmitted: number;
}

/** Looks at the bottleneck's queue: bytes in it. */
export type Look = (backlog: number) => void;

/** µs from one look at the queue to the next. */
const LOOKS = 5000;

/**
 * Runs the flows, the second kind after the first, one after another. The router's way out takes `rate` bit/s, round trip `4 * delay` µs
 * without a queue.
 */
export async function share(
  queue: QdiscSpec,
  rate: number,
  congestion: readonly string[],
  look?: Look,
  delay = 10_000,
): Promise<Flow[]> {
  const clock = new VirtualClock();
  const sysctl = { 'net.ipv4.tcp_rmem': '4096 1000000 6291456' };
  const client = station(clock, 'client', '10.0.1.2/24', 0x02_00_00_00_01_02, { sysctl });
  const server = station(clock, 'server', '10.0.2.2/24', 0x02_00_00_00_02_02, { sysctl });
  const router = station(clock, 'router', '10.0.1.1/24', 0x02_00_00_00_01_01, {
    sysctl: { 'net.ipv4.ip_forward': 1 },
  });
  const out = new Nic({ clock, pool: router.host.pool, address: 0x02_00_00_00_02_01, name: 'eth1' });
  router.host.link.add(out);
  router.host.addr.add('10.0.2.1/24', { dev: 'eth1' });
  const wires = [
    new Wire({ clock, a: client.nic, b: router.nic, delay }),
    new Wire({ clock, a: out, b: server.nic, delay, aToB: { rate } }),
  ];
  for (const { host } of [client, server, router]) host.link.set('eth0', { up: true });
  router.host.link.set('eth1', { up: true });
  router.host.devices.get('eth0').gro.enabled = false; // its queue counts frames
  router.host.qdisc.replace('eth1', queue);
  client.host.route.add('default', { via: '10.0.1.1' });
  server.host.route.add('default', { via: '10.0.2.1' });

  const flows: Flow[] = [];
  const ends: { readonly from: Socket; readonly to: Socket; readonly flow: Flow }[] = [];
  const running: Promise<void>[] = [];
  const start = async (name: string, port: number): Promise<void> => {
    const listener = server.host.socket(AF_INET, SOCK_STREAM);
    // A SYN that is marked as capable is DCTCP's: others do not agree to ECN then.
    if (name === 'dctcp') listener.setsockopt(SOL_TCP, TCP_CONGESTION, name);
    listener.bind({ port });
    listener.listen(1);
    const from = client.host.socket(AF_INET, SOCK_STREAM);
    from.setsockopt(SOL_TCP, TCP_CONGESTION, name);
    const flow = { congestion: name, received: [], retransmitted: 0 };
    flows.push(flow);
    await from.connect({ address: '10.0.2.2', port });
    const to = await listener.accept();
    ends.push({ from, to, flow });
    running.push(pump(from), drain(to));
  };
  let port = 0;
  for (let second = 1; second <= SECONDS; second++) {
    // The first half of the flows begins in the first second, the other half in the third.
    const half = congestion.length / 2;
    const due = second === 1 ? congestion.slice(0, half) : second === 3 ? congestion.slice(half) : [];
    for (const name of due) running.push(start(name, ++port));
    if (look === undefined) await clock.runFor(SECOND);
    for (let at = 0; look !== undefined && at < SECOND; at += LOOKS) {
      await clock.runFor(LOOKS);
      if (second > SETTLING) look(router.host.qdisc.get('eth1').stats.backlog);
    }
    for (const { to, flow } of ends)
      flow.received.push(to.getsockopt(SOL_TCP, TCP_INFO).bytesReceived as number);
  }
  for (const { from, flow } of ends)
    flow.retransmitted = from.getsockopt(SOL_TCP, TCP_INFO).totalRetrans as number;
  for (const { host } of [client, server, router]) await host.close();
  for (const wire of wires) wire.close();
  await Promise.all(running);
  return flows;
}

async function pump(socket: Socket): Promise<void> {
  const bytes = new Uint8Array(65_536);
  try {
    for (;;) await socket.sendall(bytes);
  } catch {} // the host was closed
}

async function drain(socket: Socket): Promise<void> {
  try {
    while ((await socket.recv(65_536)).length > 0);
  } catch {}
}

/** Jain's index: 1 = all have the same, 1/n = one has all. */
export function jain(shares: readonly number[]): number {
  const sum = shares.reduce((a, b) => a + b, 0);
  return (sum * sum) / (shares.length * shares.reduce((a, b) => a + b * b, 0));
}

/** Bytes that a flow received in the seconds from `from` on, to `to`. */
export function received({ received: total }: Flow, from: number, to: number): number {
  const late = SECONDS - total.length;
  const at = (second: number) => (second <= late ? 0 : (total[second - late - 1] as number));
  return at(to) - at(from);
}
