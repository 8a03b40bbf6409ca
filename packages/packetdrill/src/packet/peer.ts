/**
 * The peer: it puts packets in, and knows whose packets come out.
 * @module
 */
import { ACK, SYN, TCPOPT_TIMESTAMP } from '@stack/tcp';
import type { World } from '../calls/process.ts';
import { Refusal } from '../refusal.ts';
import type { Packet } from '../script/script.ts';
import { toleranceOf, type Window } from '../timing.ts';
import { buildIcmp, buildTcp, buildUdp, type Ends } from './build.ts';
import { Connection, TimestampError } from './connection.ts';
import type { Live } from './live.ts';
import type { Tun } from './tun.ts';

/** First port of peers that connect. */
const FIRST_PORT = 50_000;

/** See the module. */
export class Peer {
  readonly ends: Ends = { local: 0, remote: 0 };
  readonly #world: World;
  readonly #tun: Tun;
  #nextPort = FIRST_PORT;

  constructor(world: World, tun: Tun) {
    this.#world = world;
    this.#tun = tun;
  }

  /** Puts a packet in. @throws Refusal where it cannot be. */
  inject(packet: Packet, position: number): void {
    const connection = this.#connectionOf(packet, position);
    const { ends } = this;
    let bytes: Uint8Array;
    let gsoSize = 0;
    try {
      switch (packet.protocol) {
        case 'tcp':
          bytes = buildTcp(packet, connection, ends, this.#world.config.infersEchoes);
          if (this.#world.config.mss > 0 && packet.length > this.#world.config.mss)
            gsoSize = this.#world.config.mss;
          break;
        case 'udp':
          bytes = buildUdp(packet, connection, ends);
          break;
        case 'icmp':
          if (packet.onlyIpv6) throw new Refusal('unsupported', position, 'this message belongs to ICMPv6');
          bytes = buildIcmp(packet, connection, ends, connection.socket?.type === 2 ? 'udp' : 'tcp');
          break;
      }
    } catch (error) {
      if (error instanceof RangeError || error instanceof TimestampError) {
        throw new Refusal('packet', position, error.message);
      }
      throw error;
    }
    if (!this.#tun.inject(bytes, gsoSize)) throw new Refusal('packet', position, 'there is no memory for it');
  }

  /** Whose packet one from the peer is; the SYN to a listener begins a connection. */
  #connectionOf(packet: Packet, position: number): Connection {
    const world = this.#world;
    let connection = world.underTest;
    if (connection === undefined)
      throw new Refusal('packet', position, 'no socket is there that it could go to');
    const isSyn = packet.protocol === 'tcp' && (packet.flags & (SYN | ACK)) === SYN;
    if (connection.stage === 'listening' && packet.protocol === 'tcp' && isSyn) {
      const child = new Connection();
      child.stage = 'passive';
      child.localPort = connection.localPort;
      world.connections.push(child);
      world.underTest = child;
      connection = child;
    }
    if (connection.remotePort === 0) {
      connection.remotePort =
        connection.stage === 'passive' ? this.#nextPort++ : this.#world.config.connectPort;
    }
    if (packet.protocol === 'tcp' && (packet.flags & SYN) !== 0) {
      connection.remote ??= { live: packet.seq, script: packet.seq };
    }
    return connection;
  }

  /** The connection under test, if a packet of the host's is its. */
  ownerOf(live: Live): Connection | undefined {
    const { underTest, connections } = this.#world;
    if (underTest === undefined || live.ip.daddr !== this.ends.remote) return undefined;
    if (live.icmp !== undefined) return underTest;
    const header = live.tcp ?? live.udp;
    if (header === undefined) return undefined;
    const { source, dest } = header;
    if (underTest.localPort === source && underTest.remotePort === dest) return underTest;
    const isNew =
      underTest.stage === 'connecting' && underTest.localPort === 0 && underTest.remotePort === dest;
    if (isNew && !connections.some((each) => each !== underTest && each.localPort === source)) {
      underTest.localPort = source;
      return underTest;
    }
    if (live.udp !== undefined && underTest.socket?.type === 2) {
      underTest.localPort = source;
      underTest.remotePort = dest;
      return underTest;
    }
    return undefined;
  }

  /** Our first sequence number, from the first SYN that comes out. */
  learn(packet: Packet, live: Live, connection: Connection): void {
    if (packet.protocol !== 'tcp' || live.tcp === undefined || (live.tcp.flags & SYN) === 0) return;
    connection.local ??= { live: live.tcp.seq, script: packet.seq };
  }

  /** Remembers what the script calls a timestamp of ours. */
  rememberTimestamp(packet: Packet, live: Live, connection: Connection): void {
    const pair = timestamps(packet, live);
    if (pair !== undefined) connection.sawTimestamp(pair.script, pair.live);
  }

  /** Whether a timestamp of ours grew as much as the script's did. */
  tickFault(
    packet: Packet,
    live: Live,
    connection: Connection,
    window: Window,
    actual: number,
  ): string | undefined {
    const { timestampTick } = this.#world.config;
    const first = connection.firstTimestamp;
    const pair = timestamps(packet, live);
    if (timestampTick === 0 || first === undefined || pair === undefined) return undefined;
    const grown = ((pair.live - first.live) | 0) * timestampTick;
    const expected = ((pair.script - first.script) | 0) * timestampTick;
    const tolerance = Math.max(toleranceOf(actual, this.#world.config), window.tolerance, timestampTick);
    if (Math.abs(grown - expected) <= tolerance) return undefined;
    return `TS val is ${first.script + Math.round(grown / timestampTick)}, not ${pair.script}`;
  }
}

/** TS val of a line and of the packet that answers it. */
function timestamps(packet: Packet, live: Live): { script: number; live: number } | undefined {
  if (packet.protocol !== 'tcp' || packet.options === undefined || live.tcp === undefined) return undefined;
  const expected = packet.options.find((option) => option.kind === 'TS');
  const actual = live.tcp.options.find((option) => option.kind === TCPOPT_TIMESTAMP);
  if (expected?.kind !== 'TS' || actual?.kind !== TCPOPT_TIMESTAMP) return undefined;
  return { script: expected.val, live: actual.tsval };
}
