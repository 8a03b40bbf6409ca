/**
 * Flows that share one bottleneck: who gets how much, and how soon. A client, a router and a server; the router's way out takes 10 Mbit/s
 * (two flows) or 20 Mbit/s (ten), round trip 40 ms without a queue. Virtual time, so the numbers are exact: any change of behaviour shows.
 *
 * What is to be expected of the numbers:
 * - One queue, loss-based: CUBIC with CUBIC converges to halves, slowly. CUBIC and Reno are alike here: with 66 to 130 segments a flow at
 *   40 ms CUBIC is in its Reno-friendly region (RFC 9438 §4.3), and a loss costs it 30 % and not half, so it keeps somewhat more.
 * - BBR with CUBIC in one queue: BBR has two bandwidth-delay products in flight at most, CUBIC fills whatever is there. The queue of two
 *   products (two flows) has room for both, and they share roughly evenly, in turns: CUBIC is more as its window grows, less after a loss,
 *   and BBR's ten-second look at the empty path gives some back. The queue of one product (ten flows) has no room for what BBR's flows
 *   together keep in flight: it overflows all the time, which BBR ignores and CUBIC does not (Hock et al., ICNP 2017). Among themselves
 *   BBR's flows share about evenly there, at the price of many retransmissions.
 * - fq gives each flow its turn: all shares are equal whatever the flows do, and Jain's index is 1.
 */
import { Nic, Wire } from '@stack/nic-sim';
import { AF_INET, SOCK_STREAM, SOL_TCP, type Socket, TCP_CONGESTION, TCP_INFO } from '@stack/socket';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from './clock/virtual-clock.ts';
import { station } from './fixture.ts';
import type { QdiscSpec } from './verbs/qdisc.ts';

const SECOND = 1_000_000;
const SECONDS = 20;
/** Seconds of the start that the shares leave out. */
const SETTLING = 8;
const MSS = 1448;
/** Bytes of an Ethernet frame with a full segment, on the wire. */
const WIRE_MSS = 1538;

const QUEUES: Readonly<Record<'fifo' | 'fq', QdiscSpec>> = {
  fifo: { kind: 'bfifo', limit: 100_000 },
  fq: { kind: 'fq', flowLimit: 40 },
};

const MIXES: readonly (readonly [a: string, b: string])[] = [
  ['cubic', 'cubic'],
  ['cubic', 'reno'],
  ['bbr', 'cubic'],
  ['bbr', 'bbr'],
];

interface Flow {
  readonly congestion: string;
  /** Bytes received by the end of each second. */
  readonly received: number[];
  retransmitted: number;
}

/** Runs the flows, the second kind after the first, one after another. */
async function share(queue: QdiscSpec, rate: number, congestion: readonly string[]): Promise<Flow[]> {
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
    new Wire({ clock, a: client.nic, b: router.nic, delay: 10_000 }),
    new Wire({ clock, a: out, b: server.nic, delay: 10_000, aToB: { rate } }),
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
    await clock.runFor(SECOND);
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
function jain(shares: readonly number[]): number {
  const sum = shares.reduce((a, b) => a + b, 0);
  return (sum * sum) / (shares.length * shares.reduce((a, b) => a + b * b, 0));
}

/** Bytes that a flow received in the seconds from `from` on, to `to`. */
function received({ received: total }: Flow, from: number, to: number): number {
  const late = SECONDS - total.length;
  const at = (second: number) => (second <= late ? 0 : (total[second - late - 1] as number));
  return at(to) - at(from);
}

describe('flows that share a bottleneck', () => {
  const rows: string[] = [];

  for (const count of [2, 10]) {
    for (const mix of MIXES) {
      for (const queue of ['fifo', 'fq'] as const) {
        it(`${count} flows, ${mix.join(' and ')}, ${queue}`, async () => {
          const rate = count === 2 ? 10_000_000 : 20_000_000;
          const half = count / 2;
          const names = mix.flatMap((name) => Array.from({ length: half }, () => name));
          const flows = await share(QUEUES[queue], rate, names);
          const bytes = flows.map((flow) => received(flow, SETTLING, SECONDS));
          const sum = bytes.reduce((a, b) => a + b, 0);
          const used = sum / ((rate / 8) * (MSS / WIRE_MSS) * (SECONDS - SETTLING));
          expect(used).toBeGreaterThan(0.9);
          expect(used).toBeLessThan(1.005);
          if (queue === 'fq') expect(jain(bytes)).toBeGreaterThan(0.99);
          // How even the shares were in each five seconds.
          const course = [5, 10, 15, 20].map((to) =>
            jain(flows.map((flow) => received(flow, to - 5, to))).toFixed(3),
          );
          rows.push(
            [
              `${count} ${mix.join('/')} ${queue}`.padEnd(18),
              (used * 100).toFixed(1).padStart(5),
              jain(bytes).toFixed(4),
              course.join(' '),
              String(flows.reduce((total, flow) => total + flow.retransmitted, 0)).padStart(5),
              bytes.map((part) => ((part / sum) * 100).toFixed(1).padStart(4)).join(' '),
            ].join('  '),
          );
        });
      }
    }
  }

  it('get what they got', async () => {
    expect(rows.length).toBe(2 * MIXES.length * 2);
    const head = 'flows               used%  Jain    Jain in each 5 s                       rexmt  shares, %';
    await expect(`${[head, ...rows].join('\n')}\n`).toMatchFileSnapshot('__snapshots__/fairness.txt');
  });
});
