/**
 * A sender, a bad wire, and the kernel as the receiver. The sender is the kernel of another namespace, or a host of ours; all else is the same.
 *
 * ```text
 *  kernel, TAP without offloads  \
 *                                  port - wire: loss, 20 ms each way, 100 Mbit/s - port - TAP without offloads, kernel
 *  our host, a TAP of memory      /
 * ```
 * @module
 */
import { type Clock, createHost, type Host } from '@stack/host';
import { Wire } from '@stack/nic-sim';
import { Pool } from '@stack/skbuff';
import { AF_INET, SOCK_STREAM, SOL_TCP, TCP_CONGESTION } from '@stack/socket';
import { Netns, openTap, type Tap, tapPair } from '@stack/tap';
import { CHUNK } from '../streams/peers.ts';
import { KernelPeer } from '../tap/kernel-peer.ts';
import { configure, KERNEL, OTHER, PREFIX } from '../tap/links.ts';
import type { Sending } from './goodputs.ts';
import { segmentLoss } from './loss.ts';
import { Port } from './port.ts';

const PORT = 5001;
/** One way, µs. */
const DELAY = 20_000;
/** Bits per second. */
const RATE = 100_000_000;
/** Bytes that wait for the wire at most: what the path holds in a round trip. */
const QUEUE = 500_000;

/** What the wire is like. */
export interface Weather {
  /** Probability that a segment is lost, each way, 0..1. */
  loss: number;
  seed: number;
}

/** One of them, made for one transfer. */
export class Lane {
  readonly #pool: Pool = new Pool();
  readonly #namespaces: Netns[] = [];
  readonly #peers: KernelPeer[] = [];
  readonly #devices: Tap[] = [];
  readonly #ports: Port[] = [];
  readonly #clock: Clock;
  readonly #program: string;
  #host: Host | undefined = undefined;
  #wire: Wire | undefined = undefined;
  #start: () => Promise<unknown> = () => Promise.resolve();

  private constructor(clock: Clock, program: string) {
    this.#clock = clock;
    this.#program = program;
  }

  static async open(clock: Clock, program: string, sending: Sending, { loss, seed }: Weather): Promise<Lane> {
    const lane = new Lane(clock, program);
    const a = sending.who === 'kernel' ? await lane.#kernelSender(sending) : lane.#hostSender(sending);
    const b = await lane.#receiver();
    const wire = { clock, a, b, rate: RATE, delay: DELAY, queueLimit: QUEUE };
    lane.#wire = new Wire({
      ...wire,
      aToB: { loss: segmentLoss(loss, seed, 0) },
      bToA: { loss: segmentLoss(loss, seed, 1) },
    });
    return lane;
  }

  /**
   * Sends for so many seconds; bits per second that the receiving program got. @throws Error where a TAP had no room: then the machine limited, and
   * not the wire.
   */
  async run(seconds: number): Promise<number> {
    const meter = (this.#peers.at(-1) as KernelPeer).do({ do: 'meter', seconds });
    const sent = this.#start();
    sent.catch(() => undefined); // it ends when the receiver or the lane does
    const { bytes, seconds: took } = await meter;
    const dropped = this.#ports.reduce((sum, port) => sum + port.dropped, 0);
    if (dropped > 0) throw new Error(`${dropped} frames found no room in a TAP`);
    return (bytes * 8) / took;
  }

  async close(): Promise<void> {
    for (const peer of this.#peers) peer.close();
    for (const namespace of this.#namespaces) await namespace.close();
    await this.#host?.close();
    this.#wire?.close();
    for (const device of this.#devices) device.close();
  }

  /** The kernel's program in a namespace with a TAP. */
  async #kernelSender({ congestion, sack }: Sending): Promise<Port> {
    const [port, peer] = await this.#namespace(OTHER, sack);
    this.#start = () => peer.do({ do: 'flood', address: KERNEL, port: PORT, congestion });
    return port;
  }

  async #receiver(): Promise<Port> {
    const [port, peer] = await this.#namespace(KERNEL, 1);
    await peer.do({ do: 'listen', port: PORT });
    return port;
  }

  async #namespace(address: string, sack: 0 | 1): Promise<[Port, KernelPeer]> {
    const namespace = await Netns.open();
    this.#namespaces.push(namespace);
    const tap = await openTap({ pool: this.#pool, offloads: false });
    this.#devices.push(tap);
    namespace.adopt(tap.kernelName);
    namespace.run('sysctl', '-w', `net.ipv4.tcp_sack=${sack}`);
    configure(namespace, tap.kernelName, address);
    const peer = KernelPeer.start(namespace, this.#program);
    this.#peers.push(peer);
    return [this.#port(tap), peer];
  }

  #hostSender({ congestion, sack }: Sending): Port {
    const host = createHost({ clock: this.#clock, sysctl: { 'net.ipv4.tcp_sack': sack } });
    this.#host = host;
    const [ours, wires] = tapPair({ pools: [host.pool, this.#pool], offloads: false });
    this.#devices.push(wires);
    host.link.add(ours, { up: true });
    host.addr.add(`${OTHER}${PREFIX}`, { dev: ours.name });
    this.#start = async () => {
      const socket = host.socket(AF_INET, SOCK_STREAM);
      socket.setsockopt(SOL_TCP, TCP_CONGESTION, congestion);
      await socket.connect({ address: KERNEL, port: PORT });
      for (const chunk = new Uint8Array(CHUNK); ; ) await socket.sendall(chunk);
    };
    return this.#port(wires);
  }

  #port(device: Tap): Port {
    const port = new Port(device, this.#pool, this.#clock);
    this.#ports.push(port);
    return port;
  }
}
