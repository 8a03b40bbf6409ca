/**
 * Two hosts that talk over a bad wire, and somebody who sends segments and ICMP errors into their connection.
 *
 * Somebody blind knows addresses and ports. What they send, into a connection that is synchronised or a request for one (a SYN alone may end
 * what is in SYN-SENT), breaks at least one of the rules that RFC 9293 §3.10.7.4 and RFC 5961 judge a segment
 * by: its sequence numbers are wholly before RCV.NXT or far beyond the window; or it has no acceptable ACK (past what was ever sent, or older than the
 * largest window); or it is a RST that is not exactly at RCV.NXT, or a SYN; or its checksum is wrong. Then both streams are exact and whole,
 * and no call fails.
 *
 * Somebody on the path may send anything, the right numbers too, and may so put bytes into a stream or end it, as with any TCP: then calls may
 * end with an errno, and streams may differ. In both cases: no limit is exceeded, both hosts go on, and leave nothing.
 * @module
 */
import type { Host } from '@stack/host';
import { AF_INET, SHUT_WR, SOCK_STREAM, type Socket } from '@stack/socket';
import type { PushHeader } from '@stack/tcp';
import { ACK, FIN, PSH, RST, SYN } from '@stack/tcp';
import { ACCEPTED, must, type Outcome, sameBytes, type Target } from '../target.ts';
import { connectionsOf, type Known, nearSegment, wayTo } from './connections.ts';
import { HERE_MAC, HERE_TEXT, Network, THERE_MAC } from './network.ts';
import { message, segment } from './packets.ts';
import { Program, programs } from './program.ts';

/** See the module. */
export const hostTcp: Target = {
  name: 'host-tcp',
  share: 0.02,
  limit: 5000,
  seeds: (seed) => programs(seed),
  trial,
};

const PORT = 80;
/** Bytes a window never reaches from where it is: the largest receive buffer is less. */
const BEYOND = 0x0100_0000;
/** Patience that no loss here outlasts. */
const PATIENT = {
  'net.ipv4.tcp_syn_retries': 30,
  'net.ipv4.tcp_synack_retries': 30,
  'net.ipv4.tcp_retries2': 60,
  'net.ipv4.neigh.default.mcast_solicit': 30,
  'net.ipv4.neigh.default.ucast_solicit': 30,
};
/** By then all is there, µs. */
const LONG = 7_200_000_000;

async function trial(bytes: Uint8Array): Promise<Outcome> {
  const program = new Program(bytes);
  const isBlind = program.u8() < 160;
  const network = new Network({
    seed: program.u16(),
    loss: program.pick([0, 0, 0.02, 0.1]),
    reorder: program.pick([0, 0.2]),
    duplicate: program.pick([0, 0.05]),
    delay: program.pick([100, 5000]),
    sysctl: { ...PATIENT, 'net.ipv4.tcp_timestamps': program.pick([1, 1, 0]) },
  });
  const talk = new Talk(network, program.u16() + 1, program.u16() + 1);
  while (!program.isOver) {
    await network.clock.runFor(program.u8() < 200 ? program.u16() >> 4 : program.u16() * 10);
    attack(network, program, isBlind);
    network.check();
  }
  await network.clock.runFor(LONG);
  network.check();
  talk.check(isBlind);
  const features = network.features();
  await talk.close();
  network.echo(network.here);
  await network.checkEcho();
  await network.end();
  const outcome = isBlind ? ACCEPTED : talk.isWhole ? 'on-path-harmless' : 'on-path-harm';
  return { outcome, features };
}

/** A connection over which both sides send and then end their streams. */
class Talk {
  readonly #network: Network;
  readonly #there: Uint8Array;
  readonly #back: Uint8Array;
  readonly #got: { there: number[]; back: number[] } = { there: [], back: [] };
  readonly #sockets: Socket[] = [];
  readonly #errors: unknown[] = [];
  #done = 0;

  constructor(network: Network, there: number, back: number) {
    this.#network = network;
    this.#there = pattern(there, 1);
    this.#back = pattern(back, 2);
    const { here, there: other } = network;
    const listener = here.socket(AF_INET, SOCK_STREAM);
    this.#sockets.push(listener);
    listener.bind({ port: PORT });
    listener.listen(5);
    this.#run(async () => {
      const socket = await listener.accept();
      this.#sockets.push(socket);
      await this.#exchange(socket, this.#back, this.#got.there);
    });
    this.#run(async () => {
      const socket = other.socket(AF_INET, SOCK_STREAM);
      this.#sockets.push(socket);
      await socket.connect({ address: HERE_TEXT, port: PORT });
      await this.#exchange(socket, this.#there, this.#got.back);
    });
  }

  /** Whether both streams came whole and nothing failed. */
  get isWhole(): boolean {
    const { there, back } = this.#got;
    const isExact =
      sameBytes(Uint8Array.from(there), this.#there) && sameBytes(Uint8Array.from(back), this.#back);
    return isExact && this.#done === 2 && this.#errors.length === 0;
  }

  check(isBlind: boolean): void {
    if (!isBlind) return;
    const [error] = this.#errors;
    must(error === undefined, `a call failed: ${String(error)}`);
    const { there, back } = this.#got;
    must(isPrefix(there, this.#there), 'there: another byte');
    must(isPrefix(back, this.#back), 'back: another byte');
    must(
      this.#done === 2,
      `${there.length} of ${this.#there.length} bytes there, ${back.length} of ${this.#back.length} back`,
    );
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) if (!socket.closed) this.#network.background(socket.close());
    await this.#network.clock.runFor(LONG);
  }

  #run(body: () => Promise<void>): void {
    this.#network.background(
      body().then(
        () => {
          this.#done++;
        },
        (error: unknown) => {
          this.#errors.push(error);
          throw error;
        },
      ),
    );
  }

  async #exchange(socket: Socket, bytes: Uint8Array, into: number[]): Promise<void> {
    const send = async (): Promise<void> => {
      await socket.sendall(bytes);
      socket.shutdown(SHUT_WR);
    };
    const sending = send();
    sending.catch(() => undefined);
    for await (const chunk of socket) for (const byte of chunk) into.push(byte);
    await sending;
  }
}

/** Injects one segment or ICMP error into a connection of one of the hosts. */
function attack(network: Network, program: Program, isBlind: boolean): void {
  const host = program.pick([network.here, network.there]);
  const known = connectionsOf(host).filter(({ isSynchronised }) => isSynchronised || !isBlind);
  if (known.length === 0) return;
  const to = program.pick(known);
  if (program.u8() < 40) complain(network, host, program, to);
  else {
    const header = isBlind ? blindSegment(program, to) : nearSegment(program, to);
    const frame = segment(way(network, host, to), header, new Uint8Array(program.size() % 1401).fill(0xee));
    // A wrong checksum, and otherwise all right.
    if (isBlind && header.seq === to.rcvNxt >>> 0) frame[50] = (frame[50] as number) ^ 0x55;
    network.arrive(host, frame);
  }
}

/** A segment that no host may take anything from. */
function blindSegment(program: Program, to: Known): PushHeader {
  const base = {
    source: to.dport,
    dest: to.sport,
    seq: to.rcvNxt >>> 0,
    ackSeq: to.sndUna >>> 0,
    flags: ACK | program.pick([0, PSH, FIN, PSH | FIN]),
    window: program.u16(),
  };
  const some = program.i32() & 0x3fff_ffff;
  switch (program.u8() % 6) {
    case 0: // beyond the window
      return { ...base, flags: program.u8() & 0x3f, seq: (to.rcvNxt + BEYOND + some) >>> 0 };
    case 1: // an ACK of what was never sent
      return { ...base, ackSeq: (to.sndNxt + BEYOND + some) >>> 0 };
    case 2: // an ACK older than any window
      return { ...base, ackSeq: (to.sndUna - BEYOND - some) >>> 0 };
    case 3: // a RST far away
      return { ...base, flags: RST | program.pick([0, ACK]), seq: (to.rcvNxt + BEYOND + some) >>> 0 };
    case 4: // wholly before, however long: nothing in it is new
      return { ...base, seq: (to.rcvNxt - 2000 - (some & 0xffff)) >>> 0, flags: base.flags & ~FIN };
    default: // the checksum will be wrong
      return program.u8() < 128 ? base : { ...base, flags: SYN, seq: (to.rcvNxt + BEYOND + some) >>> 0 };
  }
}

/** An ICMP error about a segment that was never sent; from the path, about one that was. */
function complain(network: Network, host: Host, program: Program, about: Known): void {
  const { saddr, daddr, sport, dport } = about;
  const seq = (about.sndNxt + BEYOND + (program.i32() & 0x3fff_ffff)) >>> 0;
  const fields = { source: sport, dest: dport, seq, flags: ACK, window: 1 };
  const quoted = segment({ saddr, daddr, dest: 0, source: 0 }, fields, new Uint8Array(0)).subarray(
    14,
    14 + 28,
  );
  const type = program.pick([3, 3, 11, 12, 4]);
  network.arrive(host, message(way(network, host, about), type, program.u8() % 16, program.u16(), quoted));
}

function way({ here }: Network, host: Host, to: Known): ReturnType<typeof wayTo> {
  return host === here ? wayTo(to, HERE_MAC, THERE_MAC) : wayTo(to, THERE_MAC, HERE_MAC);
}

function pattern(length: number, salt: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => Math.imul(i ^ (salt << 20), 0x9e37_79b1) >>> 21);
}

function isPrefix(got: readonly number[], whole: Uint8Array): boolean {
  return got.length <= whole.length && got.every((byte, index) => byte === whole[index]);
}
