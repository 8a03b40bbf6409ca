/**
 * For tests: scripts of one connection in the manner of packetdrill. The host under test has no peer; segments are put in and those
 * that come out are compared, with their time, to the millisecond.
 *
 * A segment is written `S. 0:0(0) ack 1 win 65535 <mss 1460,TS val 0 ecr 0>`: flags as tcpdump has them, numbers relative to both ISNs.
 * In front may stand what its IP header says of ECN: `[ect0]`, `[ect1]` or `[ce]`. What an expectation does not mention is not compared,
 * but for flags, numbers and ECN.
 * @module
 */
import { CHECKSUM_NONE, type SkBuff } from '@stack/skbuff';
import { pseudoIpv4 } from '@stack/skbuff/checksum';
import { expect } from 'vitest';
import { checksumOf } from '../checksum.ts';
import { decode, encode } from '../header.ts';
import type { Option } from '../option-kinds.ts';
import { Host, pattern, seeded, type sysctls, World } from './fixture.ts';
import type { TcpSock } from './tcb.ts';

/** Who the peer is said to be. */
export const PEER = 0x0a00_0009;
const PEER_PORT = 40_000;
const OUR_PORT = 80;
const FLAGS = 'FSRP.UEWA';
const ECN = ['', '[ect1] ', '[ect0] ', '[ce] '];

interface Sent {
  readonly time: number;
  readonly text: string;
}

/** What a script begins with. */
export interface ScriptOptions {
  sysctl?: Partial<ReturnType<typeof sysctls>>;
  mtu?: number;
  gsoMaxSize?: number;
}

/** How the peer of {@link Script.accepted} and {@link Script.connected} introduces itself. */
export interface PeerOptions {
  mss?: number;
  win?: number;
  /** Absent: no window scaling. */
  wscale?: number;
  ts?: boolean;
  sack?: boolean;
  /** Seconds from our SYN-ACK to its ACK. */
  rtt?: number;
  /** Before `listen` or `connect`. */
  prepare?: (sk: TcpSock) => void;
}

export class Script {
  readonly world: World = new World();
  readonly host: Host;
  /** The socket under test. */
  sk: TcpSock;
  listener: TcpSock;
  readonly #start: number;
  readonly #sent: Sent[] = [];
  /** Peer's ISN is 0; ours is learned. */
  #ours: number | undefined;
  #ourPort = OUR_PORT;
  #peerPort = PEER_PORT;

  constructor(options: ScriptOptions = {}) {
    this.host = new Host(this.world, 0x0a00_0001, {}, seeded(7));
    Object.assign(this.host.sysctl, { tcp_timestamps: 2 }, options.sysctl);
    this.host.mtu = options.mtu ?? 1500;
    this.host.gsoMaxSize = options.gsoMaxSize ?? 0;
    this.host.tap = (skb) => {
      this.#sent.push({ time: this.world.now, text: this.#describe(skb) });
      return true;
    };
    this.#start = this.world.now;
    this.sk = this.host.socket();
    this.listener = this.sk;
  }

  get now(): number {
    return this.world.now;
  }

  /** Lets time pass until `seconds` after the start. */
  at(seconds: number): this {
    this.world.run(this.#start + Math.round(seconds * 1_000_000));
    return this;
  }

  /** Seconds since the start. */
  get time(): number {
    return (this.world.now - this.#start) / 1_000_000;
  }

  /** Lets `seconds` pass. */
  after(seconds: number): this {
    this.world.advance(Math.round(seconds * 1_000_000));
    return this;
  }

  /** A segment from the peer. `data` is its payload; else it is made up. */
  in(line: string, data?: Uint8Array): this {
    const ecn = line.startsWith('[') ? ECN.indexOf(line.slice(0, line.indexOf(' ') + 1)) : 0;
    const { header, length } = this.#parse(line.slice((ECN[ecn] ?? '').length));
    const payload = data ?? pattern(length, header.seq + 1);
    const bytes = new Uint8Array(header.doff * 4 + payload.length);
    encode(header, bytes);
    bytes.set(payload, header.doff * 4);
    const sum = pseudoIpv4(PEER, this.host.address, 6, bytes.length);
    const view = new DataView(bytes.buffer);
    view.setUint16(16, checksumOf(view, 0, bytes.length, sum));
    this.host.receive(bytes, PEER, CHECKSUM_NONE, ecn);
    return this;
  }

  /** The next segment out, sent by now and not before the last step in time. */
  out(text: string): this {
    const sent = this.#sent.shift();
    expect(sent?.text ?? 'nothing', `sent at ${this.time} s`).toSatisfy(
      (actual: string) => matches(actual, text),
      `expected ${text}, sent ${sent?.text ?? 'nothing'}`,
    );
    const late = Math.abs((sent as Sent).time - this.world.now);
    expect(late, `${text} was sent at ${((sent as Sent).time - this.#start) / 1e6} s`).toBeLessThan(1000);
    return this;
  }

  /** Nothing was sent that was not expected. */
  quiet(): this {
    expect(this.#sent.map((sent) => `${(sent.time - this.#start) / 1e6}: ${sent.text}`)).toStrictEqual([]);
    return this;
  }

  /** Forgets what was sent. */
  ignore(): this {
    this.#sent.length = 0;
    return this;
  }

  /** Everything sent and not yet looked at, oldest first. */
  take(): string[] {
    return this.#sent.splice(0).map((sent) => sent.text);
  }

  /** A connection that the peer opened, accepted and quiet. */
  accepted(peer: PeerOptions = {}): this {
    const { tcp } = this.host;
    this.listener = this.sk;
    peer.prepare?.(this.listener);
    expect(tcp.bind(this.now, this.listener, 0, OUR_PORT)).toBeUndefined();
    expect(tcp.listen(this.now, this.listener, 8)).toBeUndefined();
    this.in(`S 0:0(0) win ${peer.win ?? 32_792} <${this.#synOptions(peer)}>`);
    this.out('S. 0:0(0) ack 1');
    this.after(peer.rtt ?? 0);
    this.in(
      `. 1:1(0) ack 1 win ${(peer.win ?? 32_792) >> (peer.wscale ?? 0)}${peer.ts ? ' <nop,nop,TS val 1 ecr 0>' : ''}`,
    );
    this.quiet();
    const sk = tcp.accept(this.now, this.listener);
    if (typeof sk === 'string') throw new Error(sk);
    this.sk = sk;
    return this;
  }

  /** A connection that we opened, and quiet. */
  connected(peer: PeerOptions = {}): this {
    peer.prepare?.(this.sk);
    this.connect();
    this.out('S 0:0(0)');
    this.in(`S. 0:0(0) ack 1 win ${peer.win ?? 32_792} <${this.#synOptions(peer)}>`);
    this.out('. 1:1(0) ack 1');
    return this.quiet();
  }

  /** Calls `connect`. */
  connect(): this {
    const { tcp } = this.host;
    expect(tcp.connect(this.now, this.sk, PEER, 8080)).toBe('EINPROGRESS');
    this.#ourPort = this.sk.sport;
    this.#peerPort = 8080;
    return this;
  }

  /** A socket to listen, with a queue of `length` for fast open. */
  listens(length: number): this {
    const { tcp } = this.host;
    this.listener = this.sk;
    expect(tcp.bind(this.now, this.listener, 0, OUR_PORT)).toBeUndefined();
    expect(tcp.setsockopt(this.now, this.listener, 'TCP_FASTOPEN', length)).toBeUndefined();
    expect(tcp.listen(this.now, this.listener, 8)).toBeUndefined();
    return this;
  }

  /** Calls `accept`. */
  accept(): this {
    const sk = this.host.tcp.accept(this.now, this.listener);
    if (typeof sk === 'string') throw new Error(sk);
    this.sk = sk;
    return this;
  }

  /** Sends with a fresh socket's SYN what it may carry of `bytes`, `expected` of them. */
  fastopen(bytes: number, expected: number | string, prepare?: (sk: TcpSock) => void, flags = 0): this {
    this.fresh();
    prepare?.(this.sk);
    const data = pattern(bytes);
    expect(this.host.tcp.fastopen(this.now, this.sk, PEER, 8080, data, flags)).toBe(expected);
    this.#ourPort = this.sk.sport;
    return this;
  }

  /** A socket of its own, for one more connection to the peer. */
  fresh(): this {
    this.sk = this.host.socket();
    this.#ours = undefined;
    this.#peerPort = 8080;
    return this;
  }

  /** Calls `sendmsg` with `bytes` or as many made up ones, which must take `expected`. */
  send(bytes: number | Uint8Array, flags = 0, expected?: number | string): this {
    const data = typeof bytes === 'number' ? pattern(bytes) : bytes;
    expect(this.host.tcp.sendmsg(this.now, this.sk, data, 0, data.length, flags)).toBe(
      expected ?? data.length,
    );
    this.host.softirq();
    return this;
  }

  /** Calls `recvmsg`, which must give `expected` bytes, or that error. */
  recv(length: number, expected: number | string = length, flags = 0): this {
    const into = new Uint8Array(Math.max(length, 1));
    expect(this.host.tcp.recvmsg(this.now, this.sk, into, 0, length, flags)).toBe(expected);
    return this;
  }

  close(): this {
    this.host.tcp.close(this.now, this.sk);
    return this;
  }

  /** What `TCP_INFO` says, as far as `expected` asks. */
  info(expected: Record<string, unknown>): this {
    expect(this.host.tcp.info(this.now, this.sk)).toMatchObject(expected);
    return this;
  }

  /** A segment in this notation with other ports. */
  ports(peer: number): this {
    this.#peerPort = peer;
    return this;
  }

  #synOptions(peer: PeerOptions): string {
    const options = [`mss ${peer.mss ?? 1460}`];
    if (peer.sack === true && peer.ts !== true) options.push('nop', 'nop');
    if (peer.sack === true) options.push('sackOK');
    if (peer.ts === true) options.push(...(peer.sack === true ? [] : ['nop', 'nop']), 'TS val 0 ecr 0');
    if (peer.wscale !== undefined) options.push('nop', `wscale ${peer.wscale}`);
    return options.join(',');
  }

  #parse(text: string): { header: Parameters<typeof encode>[0]; length: number } {
    const match =
      /^([FSRPUEWA.]+) (\d+):(\d+)\((\d+)\)(?: ack (\d+))?(?: win (\d+))?(?: urg (\d+))?(?: <(.*)>)?$/.exec(
        text,
      );
    if (match === null) throw new Error(`no segment: ${text}`);
    const [, letters, first, , count, ack, win, urg, list] = match;
    const ours = this.#ours ?? 0;
    const options =
      list === undefined || list === '' ? [] : list.split(',').map((one) => parseOption(one, ours));
    const size = options.reduce((sum, option) => sum + optionSize(option), 0);
    if ((size & 3) !== 0) throw new Error(`options of ${size} bytes: ${text}`);
    let flags = 0;
    for (const letter of letters as string) flags |= 1 << FLAGS.indexOf(letter);
    return {
      length: Number(count),
      header: {
        source: this.#peerPort,
        dest: this.#ourPort,
        seq: Number(first) >>> 0,
        ackSeq: ack === undefined ? 0 : ((this.#ours ?? 0) + Number(ack)) >>> 0,
        doff: 5 + (size >> 2),
        res1: 0,
        flags,
        window: win === undefined ? 32_792 : Number(win),
        check: 0,
        urgPtr: urg === undefined ? 0 : Number(urg),
        options,
      },
    };
  }

  #describe(skb: SkBuff): string {
    const at = skb.networkHeader + 20 - skb.data;
    const header = decode(skb.toBytes().slice(at));
    const length = skb.len - at - header.doff * 4;
    let letters = '';
    for (let bit = 0; bit < FLAGS.length; bit++) if ((header.flags & (1 << bit)) !== 0) letters += FLAGS[bit];
    if ((header.flags & 2) !== 0) this.#ours = header.seq;
    // A RST that answers a segment without ACK is numbered 0.
    const seq = (header.flags & 4) !== 0 && header.seq === 0 ? 0 : (header.seq - (this.#ours ?? 0)) >>> 0;
    const ecn = ECN[skb.view.getUint8(skb.networkHeader + 1) & 3] as string;
    let text = `${ecn}${letters === '' ? '-' : letters} ${seq}:${seq + length}(${length})`;
    if ((header.flags & 16) !== 0) text += ` ack ${header.ackSeq}`;
    text += ` win ${header.window}`;
    if ((header.flags & 32) !== 0) text += ` urg ${header.urgPtr}`;
    return `${text} <${header.options.map((option) => this.#option(option)).join(',')}>`;
  }

  #option(option: Option): string {
    switch (option.kind) {
      case 1:
        return 'nop';
      case 2:
        return `mss ${option.mss}`;
      case 3:
        return `wscale ${option.wscale}`;
      case 4:
        return 'sackOK';
      case 5:
        return `sack ${option.blocks.map(({ startSeq, endSeq }) => `${startSeq}:${endSeq}`).join(' ')}`;
      case 8:
        return `TS val ${option.tsval - Math.floor(this.#start / 1000)} ecr ${option.tsecr}`;
      case 172:
        return accEcn(['e0b', 'ceb', 'e1b'], option.counters);
      case 174:
        return accEcn(['e1b', 'ceb', 'e0b'], option.counters);
      case 34:
        return `FO ${toHex(option.cookie)}`.trimEnd();
      case 254:
        return `FOEXP ${toHex(option.data)}`.trimEnd();
      default:
        return `kind ${option.kind}`;
    }
  }
}

/** `ours`: our ISN, which the blocks of a SACK option are relative to. */
function parseOption(text: string, ours: number): Option {
  const words = text.trim().split(' ');
  switch (words[0]) {
    case 'nop':
      return { kind: 1 };
    case 'mss':
      return { kind: 2, mss: Number(words[1]) };
    case 'wscale':
      return { kind: 3, wscale: Number(words[1]) };
    case 'sackOK':
      return { kind: 4 };
    case 'sack':
      return {
        kind: 5,
        blocks: words.slice(1).map((block) => {
          const [start, end] = block.split(':').map((edge) => (Number(edge) + ours) >>> 0);
          return { startSeq: start as number, endSeq: end as number };
        }),
      };
    case 'TS':
      return { kind: 8, tsval: Number(words[2]) >>> 0, tsecr: Number(words[4]) >>> 0 };
    case 'ECN': {
      const counters = words.slice(1).filter((_, i) => i % 2 === 1);
      return { kind: words[1] === 'e0b' ? 172 : 174, counters: counters.map(Number) };
    }
    case 'FO':
      return { kind: 34, cookie: fromHex(words[1]) };
    case 'FOEXP':
      return { kind: 254, exid: 0xf989, data: fromHex(words[1]) };
    default:
      throw new Error(`no option: ${text}`);
  }
}

function optionSize(option: Option): number {
  switch (option.kind) {
    case 1:
      return 1;
    case 2:
      return 4;
    case 3:
      return 3;
    case 4:
      return 2;
    case 5:
      return 2 + option.blocks.length * 8;
    case 8:
      return 10;
    case 172:
    case 174:
      return 2 + option.counters.length * 3;
    case 34:
      return 2 + option.cookie.length;
    case 254:
      return 4 + option.data.length;
    default:
      throw new Error('no size');
  }
}

/** Counters of AccECN by name: `ECN e1b 1 ceb 0 e0b 1`. */
function accEcn(names: readonly string[], counters: readonly number[]): string {
  return ['ECN', ...counters.map((counter, i) => `${names[i]} ${counter}`)].join(' ');
}

function fromHex(text = ''): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Whether all that `expected` says is in `actual`. */
function matches(actual: string, expected: string): boolean {
  const [head, options] = split(actual);
  const [wantedHead, wantedOptions] = split(expected);
  if (wantedOptions !== undefined && wantedOptions !== options) return false;
  const words = head.split(' ');
  const wanted = wantedHead.split(' ');
  const fixed = head.startsWith('[') ? 3 : 2; // flags, numbers, and ECN before them
  if (words.slice(0, fixed).join() !== wanted.slice(0, fixed).join()) return false;
  for (let i = fixed; i < wanted.length; i += 2) {
    const at = words.indexOf(wanted[i] as string, fixed);
    if (at < 0 || words[at + 1] !== wanted[i + 1]) return false;
  }
  // A flag-bound number that is there and not expected counts for the ACK only.
  return true;
}

function split(text: string): [string, string | undefined] {
  const at = text.indexOf(' <');
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 2, -1)];
}
