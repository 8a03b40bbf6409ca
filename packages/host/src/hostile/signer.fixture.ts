/**
 * A peer that signs by hand: every number of a segment and of its signature at will.
 * @module
 */
import { Pool, type SkBuff } from '@stack/skbuff';
import { AF_INET, SOCK_STREAM, SOL_TCP, type Socket, TCP_AO_ADD_KEY, type TcpAoAdd } from '@stack/socket';
import { ACK, SYN, TCPOPT_AO, TCPOPT_MD5SIG } from '@stack/tcp';
import type { Family, KeyedMac, MacAlgorithm } from '@stack/tcp/engine';
import { mac } from '../mac.ts';
import { keyBytes } from '../signed.fixture.ts';
import { ADDRESSES } from '../wire-up/tcp-to-ipv4.ts';
import { join, type SegmentFields, segment } from './craft.fixture.ts';
import { type Outside, PORT, type Receiver, type Seen, THEM, US } from './peer.fixture.ts';

/** The key of both. */
export const KEY: Uint8Array = keyBytes('secret');
const MACLEN = 12;
const FAMILY = { auth: ADDRESSES } as unknown as Family<unknown>;

type Auth = NonNullable<Outside['host']['tcp']['auth']>;

/** What may differ from an honest segment. */
export type Part = Partial<Omit<SegmentFields, 'source' | 'dest'>>;

/** What a code is made with, where it is not what it should be. Initial numbers: the peer's, the host's. */
export interface AoPart {
  sisn?: number;
  disn?: number;
  keyId?: number;
  rNext?: number;
  /** Options in front of the signature. */
  front?: Uint8Array;
}

/** Gives `socket` the key of TCP-AO. */
export function addKey(socket: Socket, part: Partial<TcpAoAdd> = {}): void {
  const key = { addr: '10.0.0.2', prefix: 32, sndid: 1, rcvid: 1, algName: 'hmac(sha1)', key: KEY };
  socket.setsockopt(SOL_TCP, TCP_AO_ADD_KEY, { ...key, ...part });
}

/** See the module. */
export class Signer implements Receiver {
  readonly port: number;
  readonly outside: Outside;
  /** What the host sent. */
  readonly seen: Seen[] = [];
  /** Initial numbers, its own and the host's, and the next of each. */
  isn = 1000;
  hostIsn = 0;
  sndNxt = 1000;
  rcvNxt = 0;
  readonly #pool: Pool = new Pool();
  readonly #master: KeyedMac;
  readonly #algorithm: MacAlgorithm;

  constructor(outside: Outside, port: number) {
    this.outside = outside;
    this.port = port;
    this.#algorithm = mac.algorithm('hmac(sha1)') as MacAlgorithm;
    this.#master = this.#algorithm.keyed(KEY);
    outside.add(this);
  }

  get #auth(): Auth {
    return this.outside.host.tcp.auth as Auth;
  }

  receive(seen: Seen): void {
    this.seen.push(seen);
    this.rcvNxt = (seen.seq + seen.data.length + ((seen.flags & (SYN | 1)) !== 0 ? 1 : 0)) | 0;
    if ((seen.flags & SYN) !== 0) this.hostIsn = seen.seq;
  }

  /** Sends it with these options. */
  send(part: Part, options: Uint8Array = new Uint8Array(0), data?: Uint8Array): void {
    this.outside.send(this.port, { ...this.#fields(part), options }, data);
  }

  /** With a digest of MD5, whose first byte is changed by `flaw`. */
  md5(part: Part, flaw = 0, dest: number = PORT): void {
    const option = join(Uint8Array.of(TCPOPT_MD5SIG, 18), new Uint8Array(16));
    const skb = this.#skb(part, option, dest);
    const digest = this.#auth.md5(ADDRESSES, skb, THEM, US, KEY);
    option.set(digest, 2);
    option[2] = (option[2] as number) ^ flaw;
    skb.free();
    this.send(part, option);
  }

  /** With a code of TCP-AO. */
  ao(part: Part, { disn = this.hostIsn, sisn = this.isn, ...ids }: AoPart = {}, data?: Uint8Array): void {
    const { front = new Uint8Array(0), keyId = 1, rNext = 1 } = ids;
    const options = join(front, Uint8Array.of(TCPOPT_AO, 4 + MACLEN, keyId, rNext), new Uint8Array(MACLEN));
    const skb = this.#skb(part, options, PORT, data);
    const traffic = this.#traffic(THEM, US, this.port, PORT, sisn, disn);
    const at = skb.data + 20 + front.length;
    const code = this.#auth.ao(ADDRESSES, skb, THEM, US, at, 0, true, traffic);
    options.set(code.subarray(0, MACLEN), front.length + 4);
    skb.free();
    this.send(part, options, data);
  }

  /** Whether the host signed what it sent last but `back`, with these initial numbers: the host's, the peer's. */
  isSigned(sisn: number = this.hostIsn, disn: number = this.isn, back = 0): boolean {
    const { segment: bytes } = this.seen.at(-1 - back) as Seen;
    const at = bytes.indexOf(TCPOPT_AO, 20);
    if (at < 0 || bytes[at + 1] !== 4 + MACLEN) return false;
    const skb = this.#pool.alloc(bytes.length, 0) as SkBuff;
    skb.putData(bytes);
    const traffic = this.#traffic(US, THEM, PORT, this.port, sisn, disn);
    const code = this.#auth.ao(ADDRESSES, skb, US, THEM, skb.data + at, 0, true, traffic);
    skb.free();
    return code.subarray(0, MACLEN).every((byte, index) => byte === bytes[at + 4 + index]);
  }

  /** Opens a connection, signed with TCP-AO. */
  async connect(): Promise<void> {
    this.ao({ flags: SYN, seq: this.isn, ack: 0 }, { disn: 0 });
    this.sndNxt = (this.isn + 1) | 0;
    await this.wait();
    this.ao({ flags: ACK });
    await this.wait();
  }

  /** Until the host has answered. */
  async wait(ms = 20): Promise<void> {
    await this.outside.clock.runFor(ms * 1000);
  }

  #fields(part: Part): Omit<SegmentFields, 'source' | 'dest'> {
    return { seq: this.sndNxt, ack: this.rcvNxt, flags: ACK, window: 0xffff, ...part };
  }

  #skb(part: Part, options: Uint8Array, dest: number, data: Uint8Array = new Uint8Array(0)): SkBuff {
    const fields = { ...this.#fields(part), source: this.port, dest, options };
    const bytes = segment({ saddr: THEM, daddr: US }, fields, data);
    const skb = this.#pool.alloc(bytes.length, 0) as SkBuff;
    skb.putData(bytes);
    return skb;
  }

  #traffic(saddr: number, daddr: number, sport: number, dport: number, sisn: number, disn: number): KeyedMac {
    const key = { algorithm: this.#algorithm, master: this.#master };
    return this.#auth.trafficKey(FAMILY, key, saddr, daddr, sport, dport, sisn, disn);
  }
}

/** A socket of the host that connects from port 80, where nobody listens any more, to the peer at `port`. */
export async function dial(
  outside: Outside,
  port: number,
): Promise<{ socket: Socket; failed: Promise<unknown> }> {
  await outside.listener.close();
  const socket = outside.host.socket(AF_INET, SOCK_STREAM);
  addKey(socket);
  socket.bind({ port: PORT });
  const failed = socket.connect({ address: '10.0.0.2', port }).then(
    () => 'connected',
    (error: { code: string }) => error.code,
  );
  return { socket, failed };
}
