/**
 * More of everything than a host will hold: each flood reaches a limit that has a name, stays below it, and the host answers its friend
 * when it is over.
 */
import { AF_INET, SO_RCVBUF, SO_REUSEADDR, SOCK_STREAM, SOL_SOCKET, type Socket } from '@stack/socket';
import { describe, expect, it } from 'vitest';
import { arp, datagram, frame, icmp, packet, segment } from './craft.fixture.ts';
import {
  BACKLOG,
  ECHO,
  FRIEND,
  FRIEND_MAC,
  HOST,
  HOST_MAC,
  HOST_VETH,
  HOST_VETH_MAC,
  IDLE,
  Siege,
  type SiegeOptions,
} from './fixture.ts';

const MAC = 0x02_00_00_01_00_00;
/** Somebody on the host's veth, one of many. */
const somebody = (index: number): number => 0x0a01_0000 + index;
/** Somebody anywhere. */
const anybody = (index: number): number =>
  ((Math.imul(index + 1, 0x9e37_79b1) >>> 0) % 0x3000_0000) + 0x1000_0000;

/** Sends `count` frames, in rounds with a millisecond between them, and watches the limits. */
async function flood(siege: Siege, count: number, one: (index: number) => void, round = 200): Promise<void> {
  for (let index = 0; index < count; index++) {
    one(index);
    if (index % round !== round - 1) continue;
    expect(siege.excesses()).toEqual([]);
    await siege.clock.runFor(1000);
  }
  expect(siege.excesses()).toEqual([]);
}

/** What holds after every flood. */
async function over(siege: Siege): Promise<void> {
  await siege.clock.runFor(120_000_000);
  expect(siege.excesses()).toEqual([]);
  await siege.answers();
  await siege.bury();
}

function ipFrame(
  saddr: number,
  daddr: number,
  protocol: number,
  payload: Uint8Array,
  fragment = 0,
  id = 0,
): Uint8Array {
  return frame(HOST_MAC, FRIEND_MAC, 0x0800, packet({ saddr, daddr, protocol, fragment, id }, payload));
}

function syn(saddr: number, source: number, dest: number): Uint8Array {
  const fields = { source, dest, seq: source, ack: 0, flags: 0x02, window: 1000 };
  return segment({ saddr, daddr: HOST }, fields, new Uint8Array(0));
}

describe('floods', () => {
  it('SYNs: the SYN queue takes as many as the backlog, and no more', async () => {
    const siege = new Siege();
    const { host } = siege;
    await flood(siege, 5000, (index) =>
      siege.attack('eth0', ipFrame(anybody(index), HOST, 6, syn(anybody(index), 1000 + index, IDLE))),
    );
    const half = [...host.tcp.entries()].filter((entry) => 'rcvIsn' in entry);
    expect(half.length).toBeGreaterThan(BACKLOG / 2);
    expect(half.length).toBeLessThanOrEqual(BACKLOG + 1);
    expect(host.nstat().TcpExtTCPReqQFullDoCookies).toBeGreaterThan(4000);
    await over(siege);
  });

  it('connections that nobody accepts: the accept queue takes one more than the backlog', async () => {
    const siege = new Siege();
    const sockets: Socket[] = [];
    const calls: Promise<unknown>[] = [];
    for (let i = 0; i < 50; i++) {
      const socket = siege.friend.socket(AF_INET, SOCK_STREAM);
      sockets.push(socket);
      calls.push(socket.connect({ address: '192.168.1.10', port: IDLE }).catch((error: unknown) => error));
    }
    await siege.clock.runFor(10_000_000);
    expect(siege.excesses()).toEqual([]);
    const listener = [...siege.host.sockets].find(
      (one) =>
        one.type === SOCK_STREAM &&
        one.getsockname().family === 'IPv4' &&
        (one.getsockname() as { port: number }).port === IDLE,
    )!;
    const { acceptLength } = (listener.core.proto.sk as unknown as { listener: { acceptLength: number } })
      .listener;
    expect(acceptLength).toBe(BACKLOG + 1);
    expect(siege.host.nstat().TcpExtListenOverflows).toBeGreaterThan(0);
    for (const socket of sockets) await socket.close();
    await siege.clock.run(Promise.all(calls));
    await over(siege);
  });

  it('fragments of datagrams that never end: ipfrag_high_thresh', async () => {
    const siege = new Siege();
    const { reassembly } = siege.host.ipv4;
    const part = new Uint8Array(1400);
    await flood(siege, 4000, (index) =>
      siege.attack('eth0', ipFrame(anybody(index), HOST, 17, part, 0x2000, index)),
    );
    expect(reassembly.memory).toBeGreaterThan(4_194_304);
    expect(siege.host.nstat().IpReasmFails).toBeGreaterThan(0);
    await siege.clock.runFor(31_000_000);
    expect([reassembly.memory, reassembly.count]).toEqual([0, 0]);
    await over(siege);
  });

  it('fragments of eight bytes in the worst order', async () => {
    const siege = new Siege();
    const part = new Uint8Array(8);
    // Every other one first, from the end; then those between.
    const order = [0, 1].flatMap((odd) => Array.from({ length: 2000 }, (_, i) => 2 * (1999 - i) + odd));
    await flood(siege, order.length, (index) =>
      siege.attack('eth0', ipFrame(FRIEND, HOST, 17, part, 0x2000 | order[index]!, 1)),
    );
    await over(siege);
  });

  it('ARP requests from everybody: gc_thresh3', async () => {
    const siege = new Siege();
    await flood(siege, 5000, (index) =>
      siege.attack(
        'veth0',
        frame(0xffff_ffff_ffff, MAC + index, 0x0806, arp(1, MAC + index, somebody(index), 0, HOST_VETH)),
      ),
    );
    expect(siege.host.neighbours.entries).toBe(1024);
    expect(siege.host.neighbours.stats.table_fulls).toBeGreaterThan(0);
    await over(siege);
  });

  it('packets to be forwarded to everybody: gc_thresh3, and what waits for each', async () => {
    const siege = new Siege();
    await flood(siege, 5000, (index) =>
      siege.attack(
        'eth0',
        ipFrame(
          FRIEND,
          somebody(index >> 1),
          17,
          datagram({ saddr: FRIEND, daddr: somebody(index >> 1) }, 1, 2, new Uint8Array(1000)),
        ),
      ),
    );
    expect(siege.host.neighbours.entries).toBe(1024);
    await over(siege);
  });

  it('packets to one that is not there: unres_qlen_bytes', async () => {
    const siege = new Siege();
    await flood(siege, 3000, () =>
      siege.attack(
        'eth0',
        ipFrame(
          FRIEND,
          somebody(1),
          17,
          datagram({ saddr: FRIEND, daddr: somebody(1) }, 1, 2, new Uint8Array(1400)),
        ),
      ),
    );
    const [entry] = siege.host.neighbours.list().filter(({ address }) => address === somebody(1));
    expect(entry?.queue.bytes).toBeGreaterThan(200_000);
    expect(siege.host.drops.NEIGH_QUEUEFULL).toBeGreaterThan(2000);
    await over(siege);
  });

  it('datagrams that nobody reads: SO_RCVBUF', async () => {
    const siege = new Siege();
    await flood(siege, 3000, (index) =>
      siege.attack(
        'eth0',
        ipFrame(
          anybody(index),
          HOST,
          17,
          datagram({ saddr: anybody(index), daddr: HOST }, 9, IDLE, new Uint8Array(500)),
        ),
      ),
    );
    expect(siege.host.nstat().UdpRcvbufErrors).toBeGreaterThan(2500);
    expect(siege.host.drops.PACKET_SOCK_ERROR).toBeGreaterThan(2500);
    await over(siege);
  });

  it('datagrams to a closed port from everybody: the rate limits remember so many', async () => {
    const siege = new Siege({
      sysctl: {
        'net.ipv4.icmp_ratelimit': 1000,
        'net.ipv4.icmp_msgs_per_sec': 100_000_000,
        'net.ipv4.icmp_msgs_burst': 100_000,
      },
    });
    await flood(siege, 67_000, (index) =>
      siege.attack(
        'veth0',
        frame(
          HOST_VETH_MAC,
          MAC,
          0x0800,
          packet(
            { saddr: anybody(index), daddr: HOST, protocol: 17 },
            datagram({ saddr: anybody(index), daddr: HOST }, 9, 99, new Uint8Array(0)),
          ),
        ),
      ),
    );
    expect(siege.host.icmp.limit.peers).toBe(65_664);
    await over(siege);
  });

  it('echo requests faster than the wire: rings and queues', async () => {
    const siege = new Siege();
    const request = ipFrame(FRIEND, HOST, 1, icmp(8, 0, 1, new Uint8Array(1400)));
    await siege.answers();
    await flood(siege, 20_000, () => siege.attack('eth0', request), 5000);
    expect(
      siege.host.link.show('eth0')[0]!.stats.rxMissedErrors +
        siege.host.link.show('eth0')[0]!.stats.rxDropped,
    ).toBeGreaterThan(1000);
    await over(siege);
  });

  it('connections that were closed: tcp_max_tw_buckets', async () => {
    const siege = new Siege({ sysctl: { 'net.ipv4.tcp_max_tw_buckets': 10 } });
    const { host, friend, clock } = siege;
    const listener = friend.socket(AF_INET, SOCK_STREAM);
    listener.bind({ port: ECHO });
    listener.listen(50);
    for (let i = 0; i < 40; i++) {
      const socket = host.socket(AF_INET, SOCK_STREAM);
      await clock.run(socket.connect({ address: '192.168.1.20', port: ECHO }));
      const other = await clock.run(listener.accept());
      await socket.close();
      await clock.runFor(1000);
      await other.close();
      await clock.runFor(1000);
    }
    expect([...host.tcp.entries()].filter((entry) => 'substate' in entry).length).toBe(10);
    expect(host.nstat().TcpExtTCPTimeWaitOverflow).toBe(30);
    await over(siege);
  });

  it('a sender that is never read from: the window closes before the buffer is full', async () => {
    const siege = new Siege();
    const { host, friend, clock } = siege;
    const listener = host.socket(AF_INET, SOCK_STREAM);
    listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
    listener.setsockopt(SOL_SOCKET, SO_RCVBUF, 20_000);
    listener.bind({ port: 80 });
    listener.listen(1);
    const socket = friend.socket(AF_INET, SOCK_STREAM);
    await clock.run(socket.connect({ address: '192.168.1.10', port: 80 }));
    const other = await clock.run(listener.accept());
    const sending = socket.sendall(new Uint8Array(2_000_000)).catch(() => undefined);
    await clock.runFor(30_000_000);
    expect(siege.excesses()).toEqual([]);
    const { rmemAlloc, rcvbuf } = other.core.proto.sk as unknown as { rmemAlloc: number; rcvbuf: number };
    expect(rmemAlloc).toBeGreaterThan(5000);
    expect(rmemAlloc).toBeLessThanOrEqual(rcvbuf + 2000);
    await other.close();
    await clock.run(sending);
    await over(siege);
  });

  const STARVED: readonly [string, SiegeOptions][] = [
    ['2 MiB', { memory: 0x20_0000 }],
    ['4 MiB', { memory: 0x40_0000 }],
  ];
  it.each(STARVED)('all of them at once with %s of memory', async (_, options) => {
    const siege = new Siege(options);
    const part = new Uint8Array(1400);
    await flood(siege, 6000, (index) => {
      const from = anybody(index);
      const frames = [
        ipFrame(from, HOST, 6, syn(from, 1000 + index, index % 2 === 0 ? IDLE : ECHO)),
        ipFrame(from, HOST, 17, part, 0x2000, index),
        ipFrame(FRIEND, somebody(index), 17, part),
        ipFrame(from, HOST, 17, datagram({ saddr: from, daddr: HOST }, 9, IDLE, part)),
        ipFrame(FRIEND, HOST, 1, icmp(8, 0, 1, part)),
        frame(HOST_MAC, MAC + index, 0x0806, arp(1, MAC + index, 0xc0a8_0101 + (index % 250), 0, HOST)),
      ];
      siege.attack('eth0', frames[index % frames.length]!);
    });
    expect(siege.host.pool.stats.bytes).toBeLessThanOrEqual(options.memory!);
    await over(siege);
  });
});
