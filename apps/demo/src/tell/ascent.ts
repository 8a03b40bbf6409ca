/**
 * Tells the way of the first data up: NAPI, GRO, a header off at each layer, the receive queue, and the copy to the application.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import type { TcpSock } from '@stack/tcp/engine';
import { fieldsOf } from '../fields.ts';
import { segmentAt, segmentInFrame } from '../inspect.ts';
import type { Station } from '../network.ts';
import { geometryOf, type Region } from '../picture.ts';
import type { Ears, FirstData, Scene } from '../scene.ts';
import { bytesOf, type HeaderName, regionsOf } from '../skb-layers.ts';
import type { Step } from '../story.ts';

type Where = Pick<Step, 'call' | 'file' | 'text'>;

const STAGES = ['netif_receive_skb', 'ip_rcv', 'tcp_v4_rcv', 'sk_data_ready', 'tcp_recvmsg'] as const;

const STRIPPED: Record<Exclude<HeaderName, 'tcp'>, Where> = {
  ethernet: {
    call: '__netif_receive_skb → ip_rcv',
    file: 'net/core/dev.c, net/ipv4/ip_input.c',
    text: 'The link header is off: data moved on by 14, the bytes stay. Its type, 0x0800, says who is next.',
  },
  ipv4: {
    call: 'ip_local_deliver → tcp_v4_rcv',
    file: 'net/ipv4/ip_input.c',
    text: 'Header checksum right, padding of short frames trimmed to totLen, the route says that the packet is for this host: the header is off, and the protocol says who is next.',
  },
};

/** Five steps, once, of `first` at the station that it is for. */
export function tellAscent(scene: Scene, ears: Ears, station: Station | undefined, first: FirstData): void {
  if (station === undefined) return;
  const { host } = station;
  const ascent = new Ascent(scene, station, first);
  ears.on(host, 'net:netif_receive_skb', ({ skb }, time) => ascent.received(skb, time));
  ears.on(host, 'kprobe', ({ function: entered, skb }, time) => ascent.entered(entered, skb, time));
  ears.on(host, 'kprobe:sk', ({ function: entered, sk }, time) =>
    ascent.enteredWith(entered, sk as TcpSock, time),
  );
}

class Ascent {
  readonly #scene: Scene;
  readonly #station: Station;
  readonly #first: FirstData;
  #stage = 0;
  /** Where the headers lie: the bytes do not move, so this stays right. */
  #regions: Region[] = [];

  constructor(scene: Scene, station: Station, first: FirstData) {
    this.#scene = scene;
    this.#station = station;
    this.#first = first;
  }

  received(skb: SkBuff, time: number): void {
    if (!this.#isDue('netif_receive_skb') || !this.#isFirst(segmentInFrame(skb.view, skb.data))) return;
    this.#regions = regionsOf(skb, 'ethernet');
    this.#stage++;
    const merged =
      skb.gsoSegs > 1
        ? `GRO finds that ${skb.gsoSegs} of them follow each other in one flow, and makes one packet of them: the data of the others hangs on it as frags.`
        : 'GRO looks whether it continues a packet of the same flow: not this one.';
    const { poll } = this.#scene.driver;
    this.#tell(skb, time, { ...poll, text: `${poll.text} ${merged}` });
  }

  entered(name: string, skb: SkBuff, time: number): void {
    if (name === 'ip_rcv' && this.#isDue('ip_rcv')) {
      if (this.#isFirst(segmentAt(skb.view, skb.data))) this.#stripped(skb, time, 'ethernet');
    } else if (name === 'tcp_v4_rcv' && this.#isDue('tcp_v4_rcv')) {
      if (this.#isFirst(segmentAt(skb.view, skb.networkHeader))) this.#stripped(skb, time, 'ipv4');
    }
  }

  enteredWith(name: string, sk: TcpSock, time: number): void {
    const skb = sk.receiveQueue.first;
    if (skb === undefined || skb.len === 0) return;
    if (name === 'sk_data_ready' && this.#isDue('sk_data_ready')) this.#queued(skb, time, 'recv() is woken');
    // Nobody waited: the connection was not accepted yet, or its program had other things to do.
    if (name === 'tcp_recvmsg' && this.#isDue('sk_data_ready'))
      this.#queued(skb, time, 'Nobody waits for it; recv() finds it when it comes');
    if (name !== 'tcp_recvmsg' || !this.#isDue('tcp_recvmsg')) return;
    this.#read(skb, time);
  }

  #read(skb: SkBuff, time: number): void {
    this.#stage++;
    this.#tell(skb, time, {
      call: 'recvfrom → tcp_recvmsg → skb_copy_datagram_iter',
      file: 'net/ipv4/tcp.c',
      text: `The program runs again. ${skb.len} bytes wait in the first skb of the receive queue: they are copied to the application, the second copy and the last, and the skb is freed once it is read. Its page goes back to the pool.`,
    });
  }

  #isDue(stage: (typeof STAGES)[number]): boolean {
    return STAGES[this.#stage] === stage;
  }

  #isFirst(segment: ReturnType<typeof segmentAt>): boolean {
    return this.#first.isIn(segment);
  }

  #stripped(skb: SkBuff, time: number, layer: Exclude<HeaderName, 'tcp'>): void {
    this.#off(skb, time, layer, STRIPPED[layer]);
  }

  #queued(skb: SkBuff, time: number, end: string): void {
    this.#off(skb, time, 'tcp', {
      call: 'tcp_rcv_established → tcp_queue_rcv → sk_data_ready',
      file: 'net/ipv4/tcp_input.c',
      text: `${this.#scene.driver.verified(skb)}, addresses and ports find the socket, seq is the one expected next: the header is off, and the skb, as it is, goes into the receive queue. ${end}.`,
    });
  }

  #off(skb: SkBuff, time: number, layer: HeaderName, where: Where): void {
    this.#stage++;
    const region = this.#regions.find((candidate) => candidate.layer === layer);
    this.#tell(skb, time, {
      ...where,
      ...(region && { fields: fieldsOf(layer, bytesOf(skb, region)), change: 'stripped' }),
    });
  }

  #tell(skb: SkBuff, time: number, rest: Omit<Step, 'kind' | 'side' | 'time' | 'geometry'>): void {
    const geometry = geometryOf(skb, this.#regions);
    this.#scene.tell({ kind: 'step', time, side: this.#station.name, ...rest, geometry });
  }
}
