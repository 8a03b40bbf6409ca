/**
 * Tells what a router does to the first data: one hop less, and another link's addresses. Nothing else changes.
 * @module
 */
import * as ethernet from '@stack/ethernet';
import * as ipv4 from '@stack/ipv4';
import type { SkBuff } from '@stack/skbuff';
import { fieldsOf } from '../fields.ts';
import { segmentAt, segmentInFrame } from '../inspect.ts';
import type { Station } from '../network.ts';
import { geometryOf } from '../picture.ts';
import type { Ears, Scene } from '../scene.ts';
import { bytesOf, regionsOf } from '../skb-layers.ts';

/** Three steps at the router, if there is one. */
export function tellForward(scene: Scene, ears: Ears): void {
  const { router } = scene.network;
  if (router === undefined) return;
  const forward = new Forward(scene, router);
  ears.on(router.host, 'kprobe', ({ function: entered, skb }, time) => forward.entered(entered, skb, time));
}

class Forward {
  readonly #scene: Scene;
  readonly #router: Station;
  readonly #told = new Set<string>();
  #ttl = 0;
  #macs = '';

  constructor(scene: Scene, router: Station) {
    this.#scene = scene;
    this.#router = router;
  }

  entered(name: string, skb: SkBuff, time: number): void {
    if (this.#told.has(name)) return;
    const { view, data } = skb;
    const { first } = this.#scene;
    if (name === 'ip_forward' && first.isIn(segmentAt(view, data))) this.#forward(name, skb, time);
    else if (name === 'ip_finish_output2' && first.isIn(segmentAt(view, data))) this.#lower(name, skb, time);
    else if (name === 'dev_queue_xmit' && first.isIn(segmentInFrame(view, data))) this.#send(name, skb, time);
  }

  #forward(name: string, skb: SkBuff, time: number): void {
    this.#told.add(name);
    this.#ttl = ipv4.ttl(skb.view, skb.data);
    this.#macs = macs(skb, skb.macHeader);
    const { target } = this.#scene.network;
    const { host } = this.#router;
    this.#scene.tell({
      kind: 'step',
      time,
      side: 'router',
      call: 'ip_rcv → ip_route_input → ip_forward',
      file: 'net/ipv4/ip_forward.c',
      text: `The frame was for this host, the packet is not: ${target.address} is somebody else. Forwarding is on (net.ipv4.ip_forward), the routing table knows the way, and one hop is left at least.`,
      details: [host.route.get(target.address).text],
    });
  }

  #lower(name: string, skb: SkBuff, time: number): void {
    this.#told.add(name);
    const regions = regionsOf(skb, 'ipv4');
    const ip = regions[0];
    this.#scene.tell({
      kind: 'step',
      time,
      side: 'router',
      call: 'ip_decrease_ttl, ip_forward_finish → ip_output',
      file: 'net/ipv4/ip_forward.c',
      text: `TTL ${this.#ttl} → ${ipv4.ttl(skb.view, skb.data)}, and the header checksum follows (RFC 1624: the difference is added, nothing is summed anew). Addresses, ports and data are none of a router's business.`,
      geometry: geometryOf(skb, regions),
      ...(ip && { fields: fieldsOf('ipv4', bytesOf(skb, ip)), change: 'changed' }),
    });
  }

  #send(name: string, skb: SkBuff, time: number): void {
    this.#told.add(name);
    const { target } = this.#scene.network;
    const neighbour = this.#router.host.neigh.show().find(({ dst }) => dst === target.address);
    const regions = regionsOf(skb, 'ethernet');
    const header = regions[0];
    this.#scene.tell({
      kind: 'step',
      time,
      side: 'router',
      call: 'ip_finish_output2 → neigh_output → eth_header',
      file: 'net/ipv4/ip_output.c',
      text: `The server is on this link: the next hop is ${target.address} itself. A new link header goes where the old one was. It came as ${this.#macs}; it leaves as ${macs(skb, skb.data)}.`,
      ...(neighbour && { details: [neighbour.text] }),
      geometry: geometryOf(skb, regions),
      ...(header && { fields: fieldsOf('ethernet', bytesOf(skb, header)), change: 'added' }),
    });
  }
}

/** `source → dest` of the link header at `at`. */
function macs({ view }: SkBuff, at: number): string {
  return `${ethernet.formatMac(ethernet.source(view, at))} → ${ethernet.formatMac(ethernet.dest(view, at))}`;
}
