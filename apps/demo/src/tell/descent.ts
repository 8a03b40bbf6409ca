/**
 * Tells the way of the first data down the client: from the system call to the device, with the pointers of the skb at each layer.
 * @module
 */
import * as ethernet from '@stack/ethernet';
import type { SkBuff } from '@stack/skbuff';
import * as tcp from '@stack/tcp';
import { fieldsOf } from '../fields.ts';
import { portsAndNumbers, segmentAt } from '../inspect.ts';
import type { Station } from '../network.ts';
import { geometryOf, type Region } from '../picture.ts';
import type { Ears, FirstData, Scene } from '../scene.ts';
import { bytesOf, type HeaderName, regionsOf } from '../skb-layers.ts';
import type { Step } from '../story.ts';

type Where = Pick<Step, 'call' | 'file' | 'text'>;

/** Whose data it is. */
export interface Way {
  station: Station | undefined;
  first: FirstData;
  /** Bytes that its program sends; `undefined` = nobody knows. */
  total: number | undefined;
  /** Whom it sends them to: an address, known by then. */
  peer(): string;
}

/** Five steps: the copy, the decision to send, and a header each. */
export function tellDescent(scene: Scene, ears: Ears, way: Way): void {
  const { station } = way;
  if (station === undefined) return;
  const descent = new Descent(scene, way, station);
  ears.on(station.host, 'kprobe', ({ function: entered, skb }, time) => descent.entered(entered, skb, time));
}

class Descent {
  readonly #scene: Scene;
  readonly #way: Way;
  readonly #station: Station;
  readonly #told = new Set<string>();

  constructor(scene: Scene, way: Way, station: Station) {
    this.#scene = scene;
    this.#way = way;
    this.#station = station;
  }

  entered(name: string, skb: SkBuff, time: number): void {
    if (this.#told.has(name)) return;
    switch (name) {
      case 'tcp_sendmsg':
        this.#step(name, skb, time, [], this.#copied(skb));
        break;
      case 'tcp_write_xmit':
        if (this.#told.has('tcp_sendmsg')) this.#step(name, skb, time, undefined, this.#allowed(skb));
        break;
      case 'ip_queue_xmit':
        if (this.#isFirst(skb, 'tcp')) this.#header(name, skb, time, 'tcp', this.#segment(skb));
        break;
      case 'ip_output':
        if (this.#isFirst(skb, 'ipv4')) this.#header(name, skb, time, 'ipv4', this.#packet());
        break;
      case 'ip_finish_output2':
        if (this.#isFirst(skb, 'ipv4')) this.#nextHop(name, time);
        break;
      case 'dev_queue_xmit':
        if (this.#isFirst(skb, 'ethernet')) this.#header(name, skb, time, 'ethernet', this.#frame(skb));
    }
  }

  /** Whether the first byte of data is in a packet whose `data` is at the header of `outer`. */
  #isFirst(skb: SkBuff, outer: HeaderName): boolean {
    const { view, data, len } = skb;
    const { first } = this.#way;
    if (outer === 'tcp') {
      return first.isIn({ ...portsAndNumbers(view, data), length: len - tcp.headerLength(view, data) });
    }
    if (outer === 'ipv4') return first.isIn(segmentAt(view, data));
    const isIp = ethernet.protocol(view, data) === ethernet.ETH_P_IP;
    return isIp && first.isIn(segmentAt(view, data + ethernet.HLEN));
  }

  #step(
    name: string,
    skb: SkBuff,
    time: number,
    regions: Region[] | undefined,
    where: Where & { details?: string[] },
  ): void {
    this.#told.add(name);
    this.#scene.tell({
      kind: 'step',
      time,
      side: this.#station.name,
      ...where,
      ...(regions !== undefined && { geometry: geometryOf(skb, regions) }),
    });
  }

  #header(
    name: string,
    skb: SkBuff,
    time: number,
    layer: HeaderName,
    where: Where & { details?: string[] },
  ): void {
    this.#told.add(name);
    const regions = regionsOf(skb, layer);
    this.#scene.tell({
      kind: 'step',
      time,
      side: this.#station.name,
      ...where,
      geometry: geometryOf(skb, regions),
      fields: fieldsOf(layer, bytesOf(skb, regions[0] as Region)),
      change: 'added',
    });
  }

  #copied({ len }: SkBuff): Where {
    const { zerocopy } = this.#scene;
    const { total } = this.#way;
    const how = zerocopy
      ? "are not copied (MSG_ZEROCOPY): the skb's frag refers to the application's own memory, which must not change until the kernel says so"
      : "are copied, once, into a page; the skb's frag refers to it. Its linear part stays empty: it is for headers, and this skb, which stays in the write queue, gets none";
    const more =
      total !== undefined && len < total ? ` The first ${len} of ${total} bytes: one skb takes no more.` : '';
    return {
      call: 'sendto → tcp_sendmsg_locked',
      file: 'net/ipv4/tcp.c',
      text: `The bytes of the application ${how}.${more}`,
    };
  }

  #allowed({ len }: SkBuff): Where & { details: string[] } {
    const sk = this.#scene.sockets.connection(this.#station.name);
    const details: string[] = [];
    if (sk !== undefined) {
      details.push(
        `snd_cwnd ${sk.sndCwnd} segments, in flight ${sk.packetsOut}; snd_wnd ${sk.sndWnd} bytes; mss ${sk.mssCache}; nagle ${sk.nonagle & 1 ? 'off' : 'on'}`,
        `sk_wmem_queued ${sk.wmemQueued} of sk_sndbuf ${sk.sndbuf} bytes`,
      );
    }
    const segments = sk === undefined ? 1 : Math.ceil(len / sk.mssCache);
    const why =
      segments > 1
        ? 'As many segments as the congestion window allows, and no more than half of it at once, leave as one super-packet: whoever is last will cut it, so that the way down is gone once and not once for each.'
        : 'Less than a full segment, but nothing is in flight: Nagle has it go at once.';
    return {
      call: 'tcp_push → tcp_write_xmit',
      file: 'net/ipv4/tcp_output.c',
      text: `May it leave? ${why}`,
      details,
    };
  }

  #segment(skb: SkBuff): Where {
    const gso =
      skb.gsoSize > 0
        ? ` gso_size ${skb.gsoSize}: a super-packet of ${skb.gsoSegs} segments with one header.`
        : '';
    return {
      call: '__tcp_transmit_skb',
      file: 'net/ipv4/tcp_output.c',
      text: `What goes down is a clone: a head of its own for headers, the same page for data. The original waits for its ACK. TCP moves data back and writes its header into the headroom. check holds the sum of the pseudo-header only: ${this.#scene.driver.finishes}.${gso}`,
    };
  }

  #packet(): Where & { details: string[] } {
    return {
      call: '__ip_queue_xmit',
      file: 'net/ipv4/ip_output.c',
      text: 'The route is kept with the socket, so that nobody has to look it up again. IP prepends its header; the checksum of that is complete, and covers nothing else.',
      details: [this.#station.host.route.get(this.#way.peer()).text],
    };
  }

  #nextHop(name: string, time: number): void {
    this.#told.add(name);
    const { host } = this.#station;
    const peer = this.#way.peer();
    const { via } = host.route.get(peer);
    const hop = via ?? peer;
    const neighbour = host.neigh.show().find(({ dst }) => dst === hop);
    const text =
      via === undefined
        ? `The next hop is ${hop} itself, on the same link.`
        : `The next hop is the gateway, ${via}: the packet stays addressed to ${peer}, the frame goes to ${neighbour?.lladdr}.`;
    this.#scene.tell({
      kind: 'step',
      time,
      side: this.#station.name,
      call: 'ip_finish_output2 → neigh_output',
      file: 'net/ipv4/ip_output.c',
      text: `${text} Its MAC address is known by now.`,
      ...(neighbour && { details: [neighbour.text] }),
    });
  }

  #frame(skb: SkBuff): Where & { details: string[] } {
    const { host, device } = this.#station;
    const { kind, stats } = host.qdisc.get(device);
    const queue =
      stats.qlen === 0
        ? 'The queue of the device is empty, so the packet passes it by.'
        : `${stats.qlen} packets wait in the queue of the device, and it is put behind them.`;
    return {
      call: 'eth_header, dev_queue_xmit',
      file: 'net/ethernet/eth.c, net/core/dev.c',
      text: `The link header goes in front: ${skb.len} bytes in all. ${this.#scene.driver.beyond} ${queue}`,
      details: [`qdisc ${kind} dev ${device}`],
    };
  }
}
