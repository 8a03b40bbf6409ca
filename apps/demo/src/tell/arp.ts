/**
 * Tells how MAC addresses are found: the question, the answer, and what happens to the packet that waits meanwhile.
 * @module
 */

import * as arp from '@stack/arp';
import * as ethernet from '@stack/ethernet';
import type { SkBuff } from '@stack/skbuff';
import { fieldsOf } from '../fields.ts';
import type { HostName, Station } from '../network.ts';
import type { Ears, Scene } from '../scene.ts';

const FILE = 'net/ipv4/arp.c';

/** A step for the first question and the first answers of each host, a line for every later change of a neighbour. */
export function tellNeighbours(scene: Scene, ears: Ears): void {
  for (const station of scene.network.stations) new Neighbours(scene, station, ears);
}

/** Neighbours of one host. */
class Neighbours {
  readonly #scene: Scene;
  readonly #station: Station;
  readonly #asked = new Set<string>();
  /** Neighbours that packets wait for. */
  readonly #incomplete = new Set<string>();
  #answered = false;

  constructor(scene: Scene, station: Station, ears: Ears) {
    this.#scene = scene;
    this.#station = station;
    ears.on(station.host, 'neigh:neigh_update', (event, time) =>
      this.#update(event.address, event.state, time),
    );
    ears.on(station.host, 'kprobe', ({ function: entered, skb }, time) => {
      if (entered === 'dev_hard_start_xmit') this.#sent(skb, time);
    });
  }

  /** ARP goes out: a question or an answer. */
  #sent(skb: SkBuff, time: number): void {
    const { view, data } = skb;
    if (ethernet.protocol(view, data) !== ethernet.ETH_P_ARP) return;
    const header = arp.read(view, data + ethernet.HLEN);
    const isRequest = header.op === arp.ARPOP_REQUEST;
    const about = (isRequest ? header.tpa : header.tha).join('.');
    if (isRequest ? this.#asked.has(about) : this.#answered) return;
    if (isRequest) this.#asked.add(about);
    else this.#answered = true;
    const frame = skb.bytes.subarray(data, skb.tail);
    this.#scene.tell({
      kind: 'step',
      time,
      side: this.#name,
      call: isRequest ? 'neigh_resolve_output → arp_solicit' : 'arp_rcv → arp_process → arp_send',
      file: FILE,
      text: isRequest ? this.#question(about) : this.#answer(),
      fields: [...fieldsOf('ethernet', frame), ...fieldsOf('arp', frame.subarray(ethernet.HLEN))],
      change: 'added',
    });
  }

  #question(address: string): string {
    const { target } = this.#scene.network;
    const who =
      address === target.address
        ? `The packet is for ${address}, which is on this link, but nobody knows its MAC address yet.`
        : `The packet is for somebody beyond this link: it goes to the gateway, ${address}, and it is the gateway's MAC address that is asked for.`;
    return `${who} The packet waits in the neighbour's queue (state INCOMPLETE), and the question goes to everybody.`;
  }

  #answer(): string {
    return "The question is for this host's address. Who asked is learned on the way (it will want an answer to something soon), and the answer goes to it alone.";
  }

  #update(address: string, state: string, time: number): void {
    const { tell } = this.#scene;
    const line =
      this.#station.host.neigh.show().find(({ dst }) => dst === address)?.text ?? `${address} ${state}`;
    const isAnswer = state === 'REACHABLE' && this.#incomplete.delete(address);
    if (state === 'INCOMPLETE') this.#incomplete.add(address);
    if (state === 'NOARP') return;
    if (!isAnswer) {
      tell({ kind: 'line', time, side: this.#name, about: 'neighbour', text: `neigh:neigh_update ${line}` });
      return;
    }
    tell({
      kind: 'step',
      time,
      side: this.#name,
      call: 'arp_process → neigh_update',
      file: 'net/core/neighbour.c',
      text: 'The answer is learned, and what waited in the queue leaves.',
      details: [line],
    });
  }

  get #name(): HostName {
    return this.#station.name;
  }
}
