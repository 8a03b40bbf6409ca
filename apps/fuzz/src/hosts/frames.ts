/**
 * Bytes into the devices of a host that has something to do: connections, datagrams, packets to forward.
 * @module
 */
import type { Host } from '@stack/host';
import type { SkBuff } from '@stack/skbuff';
import {
  AF_INET,
  AF_PACKET,
  ETH_P_ALL,
  IPPROTO_ICMP,
  MSG_DONTWAIT,
  SO_RCVBUF,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
  SOL_SOCKET,
  type Socket,
} from '@stack/socket';
import { ACCEPTED, type Outcome, type Target } from '../target.ts';
import { connectionsOf, nearSegment, wayTo } from './connections.ts';
import {
  ECHO,
  HERE,
  HERE_MAC,
  HERE_TEXT,
  Network,
  THERE,
  THERE_MAC,
  THERE_TEXT,
  VETH,
  VETH_MAC,
} from './network.ts';
import { arpFrame, datagram, message, packet, segment, type Way } from './packets.ts';
import { Program, programs } from './program.ts';

const SOURCES = [
  THERE,
  THERE,
  THERE,
  0x0a00_0002,
  0,
  HERE,
  0x7f00_0001,
  0xffff_ffff,
  0xe000_0001,
  0xc0a8_01ff,
];
const DESTINATIONS = [
  HERE,
  HERE,
  HERE,
  VETH,
  THERE,
  0x0a00_0009,
  0x0808_0808,
  0xffff_ffff,
  0xe000_0001,
  0xc0a8_01ff,
];
const PORTS = [ECHO, 9, 53, 0, 1000];
/** Time after which the storm has passed, µs. */
const CALM = 60_000_000;

/** See the module. */
export const hostFrames: Target = {
  name: 'host-frames',
  share: 0.02,
  limit: 5000,
  seeds: (seed) => programs(seed),
  trial,
};

async function trial(bytes: Uint8Array): Promise<Outcome> {
  const network = new Network({
    sysctl: { 'net.ipv4.ip_forward': 1, 'net.ipv4.icmp_ratelimit': 0 },
  });
  const { clock, here, there } = network;
  network.echo(here);
  network.echo(there);
  const sockets = await begin(network);
  const program = new Program(bytes);
  while (!program.isOver) {
    await step(network, program, sockets);
    network.check();
  }
  await clock.runFor(CALM);
  network.check();
  const features = network.features();
  await network.checkEcho();
  await network.end();
  return { outcome: ACCEPTED, features };
}

/** What the host is busy with: sockets that nobody reads, and a connection each way. */
async function begin({ clock, here, there }: Network): Promise<Socket[]> {
  const unread = here.socket(AF_INET, SOCK_DGRAM);
  unread.setsockopt(SOL_SOCKET, SO_RCVBUF, 8192);
  unread.bind({ port: 9 });
  here.socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
  here.socket(AF_PACKET, SOCK_RAW, ETH_P_ALL).setsockopt(SOL_SOCKET, SO_RCVBUF, 65_536);
  const sockets = [there.socket(AF_INET, SOCK_STREAM), here.socket(AF_INET, SOCK_STREAM)];
  await clock.run(sockets[0]!.connect({ address: HERE_TEXT, port: ECHO }));
  await clock.run(sockets[1]!.connect({ address: THERE_TEXT, port: ECHO }));
  return sockets;
}

async function step(network: Network, program: Program, sockets: readonly Socket[]): Promise<void> {
  const { clock, here } = network;
  switch (program.u8() % 12) {
    case 0:
      return clock.runFor(program.u8());
    case 1:
      return clock.runFor(program.u16() * 1000);
    case 2:
      return network.background(talk(program.pick(sockets), program));
    case 3:
      return network.arrive(here, program.bytes(program.u16() % 1600));
    case 4: {
      const length = program.u8();
      return strike(
        network,
        program,
        packet(way(program), program.u8(), program.bytes(length), part(program)),
      );
    }
    case 5:
      return strike(
        network,
        program,
        datagram(way(program), program.pick(PORTS), program.pick(PORTS), zeros(program), part(program)),
      );
    case 6:
    case 7:
      return near(network, here, program);
    case 8:
      return strike(network, program, error(way(program), program));
    case 9: {
      const macs = [HERE_MAC, THERE_MAC, 0xffff_ffff_ffff, 0x02_00_00_00_00_02, program.i32() >>> 0];
      return strike(
        network,
        program,
        arpFrame(way(program), program.u8() % 10, program.pick(macs), program.pick(macs)),
      );
    }
    case 10:
      return strike(
        network,
        program,
        message(way(program), program.u8() % 44, program.u8() % 17, program.i32(), zeros(program)),
      );
    default:
      return lie(network, program);
  }
}

/** Over the card, over the veth, or over loopback; broken in a place or two at times. */
function strike(network: Network, program: Program, frame: Uint8Array): void {
  const { here, peer, pool } = network;
  if (program.u8() < 64) {
    for (let n = program.u8() & 3; n >= 0; n--) frame[program.u8() % frame.length] = program.u8();
  }
  const door = program.u8() % 4;
  if (door < 2) network.arrive(here, frame);
  else {
    const skb = pool.alloc(frame.length) as SkBuff;
    skb.putData(frame);
    if (door === 2) peer.xmit(skb);
    else here.devices.get('lo').device.xmit(skb);
  }
}

/** A packet over the veth whose sender tells of it what is not so. */
function lie({ peer, pool }: Network, program: Program): void {
  const bytes = datagram(way(program), ECHO, program.pick(PORTS), zeros(program), part(program));
  const skb = pool.alloc(bytes.length) as SkBuff;
  skb.putData(bytes);
  skb.ipSummed = program.u8() & 3;
  skb.csum = program.u16();
  skb.csumStart = skb.data + program.u8() - 20;
  skb.csumOffset = program.u8() - 4;
  skb.gsoSize = program.size();
  skb.gsoSegs = program.u16();
  skb.gsoType = 1 << (program.u8() % 20);
  skb.networkHeader = skb.data + (program.u8() < 200 ? 14 : program.u8() - 20);
  skb.transportHeader = skb.data + (program.u8() < 200 ? 34 : program.u8() - 20);
  skb.pktType = program.u8() & 7;
  if (program.u8() > 200) skb.vlanProto = 0x8100;
  peer.xmit(skb);
}

function near(network: Network, here: Host, program: Program): void {
  const known = connectionsOf(here);
  if (known.length === 0) return;
  const to = program.pick(known);
  const header = nearSegment(program, to);
  network.arrive(here, segment(wayTo(to, HERE_MAC, THERE_MAC), header, zeros(program)));
}

/** An ICMP error that quotes a segment between the two, or something like it. */
function error(back: Way, program: Program): Uint8Array {
  const way = { ...back, saddr: back.daddr, daddr: back.saddr };
  const fields = {
    source: program.pick(PORTS),
    dest: program.pick(PORTS),
    seq: program.i32() >>> 0,
    flags: 0x10,
    window: 1,
  };
  const quoted = segment(way, fields, new Uint8Array(8)).subarray(14, 14 + 20 + (program.u8() % 30));
  return message(back, program.pick([3, 3, 4, 5, 11, 12]), program.u8() % 17, program.i32(), quoted);
}

function way(program: Program): Way {
  return {
    dest: program.pick([HERE_MAC, HERE_MAC, VETH_MAC, 0xffff_ffff_ffff, 0x01_00_5e_00_00_01, 0]),
    source: program.pick([THERE_MAC, 0x02_00_00_00_00_02]),
    saddr: program.pick(SOURCES),
    daddr: program.pick(DESTINATIONS),
  };
}

function part(program: Program): { ttl: number; id: number; flags: number; fragOff: number } {
  const isFragment = program.u8() > 200;
  const ttl = program.pick([64, 64, 64, 1, 0]);
  if (!isFragment) return { ttl, id: 0, flags: program.pick([0, 2]), fragOff: 0 };
  return { ttl, id: program.u8() & 3, flags: program.u8() & 7, fragOff: program.u16() & 0x1fff };
}

function zeros(program: Program): Uint8Array {
  return new Uint8Array(Math.min(program.size(), 1400));
}

/** One of the two that are friends says something, or listens. */
function talk(socket: Socket, program: Program): Promise<unknown> {
  if (program.u8() % 2 === 0) return socket.send(zeros(program), MSG_DONTWAIT);
  return socket.recv(program.size(), MSG_DONTWAIT);
}
