/**
 * Tells what the cards do with the first data: descriptors, doorbell, DMA, the wire, and on the other side DMA and the interrupt.
 * @module
 */
import { decode, type Frame, format, kindOf, type Nic, type TraceEvent } from '@stack/nic-sim';
import { rows } from '../fields.ts';
import { segmentInFrame } from '../inspect.ts';
import type { Station } from '../network.ts';
import type { Ears, Scene } from '../scene.ts';
import type { Step } from '../story.ts';

const DRIVER = 'drivers/net/ethernet/intel/e1000/e1000_main.c';
/** Bytes in a descriptor. */
const DESCRIPTOR = 16;
/** Frames up to so many bytes are shown whole. */
const SHOWN = 256;

/** The steps of every host's cards: sending where it sends the first data, receiving where it receives it. */
export function tellCards(scene: Scene, ears: Ears): void {
  for (const station of scene.network.stations) {
    const sending = new Sending(scene, station);
    const receiving = new Receiving(scene, station);
    ears.on(station.host, 'kprobe', ({ function: entered, skb }) => {
      if (entered !== 'dev_hard_start_xmit') return;
      if (scene.first.isIn(segmentInFrame(skb.view, skb.data)))
        sending.begin((skb.dev as { name: string }).name, skb.gsoSegs);
    });
    ears.join(station.cardListeners, (event) => {
      sending.event(event);
      receiving.event(event);
    });
  }
}

type Rest = Omit<Step, 'kind' | 'side' | 'time'>;

/** One station's transmission of the first data. */
class Sending {
  readonly #scene: Scene;
  readonly #station: Station;
  #stage: 'idle' | 'post' | 'read' | 'wire' | 'over' = 'idle';
  #nic: Nic | undefined;
  #segments = 0;
  #posted: string[] = [];
  /** Whether a context descriptor says what to sum. */
  #sums = false;
  #last = -1;

  constructor(scene: Scene, station: Station) {
    this.#scene = scene;
    this.#station = station;
  }

  /** The packet is given to the driver of a device; as so many segments, 0 or 1 = it is one. */
  begin(device: string, segments: number): void {
    if (this.#stage !== 'idle') return;
    this.#stage = 'post';
    this.#nic = this.#station.nics.get(device);
    this.#segments = segments;
  }

  event(event: TraceEvent): void {
    if (this.#stage === 'idle' || this.#stage === 'over' || event.nic !== this.#nic?.name) return;
    switch (event.kind) {
      case 'post':
        if (this.#stage === 'post' && event.ring === 'tx') this.#post(this.#nic, event.index);
        break;
      case 'doorbell':
        if (this.#stage === 'post' && event.ring === 'tx') this.#doorbell(event.time, event.tail);
        break;
      case 'dma-read':
        if (this.#stage === 'read' && event.last === this.#last) this.#read(event);
        break;
      case 'wire':
        if (this.#stage === 'wire') this.#wire(event.time, event.frame);
    }
  }

  #post({ tx }: Nic, index: number): void {
    const at = index * DESCRIPTOR;
    const kind = kindOf(tx.view, at);
    this.#last = index;
    if (kind === 'tx-context') this.#sums = true;
    if (kind !== undefined) this.#posted.push(`[${index}] ${format(decode(tx.bytes, kind, at))}`);
  }

  #doorbell(time: number, tail: number): void {
    this.#stage = 'read';
    const cut = this.#segments > 1 ? ', and how to cut' : '';
    const context = this.#sums ? ` (the first one tells the card what to sum${cut})` : '';
    this.#tell(time, {
      call: 'dev_hard_start_xmit → e1000_xmit_frame',
      file: DRIVER,
      text: `The driver copies nothing. It maps the memory of the packet for DMA, writes a descriptor for each piece of it into the TX ring${context}, and rings the doorbell: TDT = ${tail}.`,
      details: this.#posted,
    });
  }

  #read({ time, first, last, bytes }: TraceEvent & { kind: 'dma-read' }): void {
    this.#stage = 'wire';
    const pieces =
      first === last
        ? `descriptor ${first} and reads ${bytes} bytes from where they lie`
        : `descriptors ${first}..${last} and gathers ${bytes} bytes from where they lie: headers from one place, data from another`;
    const sum = this.#sums ? ' finishes the TCP checksum,' : '';
    const cut = this.#segments > 1 ? ` cuts the super-packet into ${this.#segments} frames (TSO),` : '';
    this.#tell(time, {
      call: 'DMA read',
      file: 'the card',
      text: `The card fetches ${pieces}. It${sum}${cut} appends the frame check sequence, and sets DD in the descriptor: done.`,
    });
  }

  #wire(time: number, frame: Frame): void {
    const { view } = frame.page.arena;
    if (!this.#scene.first.isIn(segmentInFrame(view, frame.start))) return;
    this.#stage = 'over';
    const bytes = frame.bytesWithFcs();
    this.#scene.tell({
      kind: 'step',
      time,
      side: 'wire',
      call: 'the wire',
      file: `from the ${this.#station.name}`,
      text: `${bytes.length} bytes with the frame check sequence (CRC-32, the last 4).`,
      details:
        bytes.length <= SHOWN
          ? rows(bytes)
          : [...rows(bytes.subarray(0, 96)), `… ${bytes.length - 112} bytes …`, ...rows(bytes.subarray(-16))],
    });
  }

  #tell(time: number, rest: Rest): void {
    this.#scene.tell({ kind: 'step', time, side: this.#station.name, ...rest });
  }
}

/** One station's reception of the first data. */
class Receiving {
  readonly #scene: Scene;
  readonly #station: Station;
  #stage: 'arrive' | 'write' | 'interrupt' | 'over' = 'arrive';
  #nic = '';

  constructor(scene: Scene, station: Station) {
    this.#scene = scene;
    this.#station = station;
  }

  event(event: TraceEvent): void {
    if (this.#stage === 'over') return;
    if (this.#stage === 'arrive') {
      if (event.kind === 'arrive') this.#arrive(event.nic, event.frame);
      return;
    }
    if (event.nic !== this.#nic) return;
    if (event.kind === 'dma-write' && this.#stage === 'write') {
      this.#stage = 'interrupt';
      this.#tell(event.time, {
        call: 'DMA write',
        file: 'the card',
        text: `FCS right, address ours: the card writes ${event.bytes} bytes into the page that RX descriptor ${event.index} points to, sums them on the way, and sets DD in the descriptor. The driver posted that page long ago.`,
      });
    } else if (event.kind === 'interrupt' && this.#stage === 'interrupt' && event.names.includes('RXT0')) {
      this.#stage = 'over';
      this.#tell(event.time, {
        call: 'e1000_intr → napi_schedule',
        file: DRIVER,
        text: `Interrupt, ICR ${event.names.join(' ')}. The handler masks further ones and asks to be polled; the rest happens in the softirq NET_RX (net_rx_action).`,
      });
    }
  }

  #arrive(nic: string, frame: Frame): void {
    const { view } = frame.page.arena;
    if (!this.#scene.first.isIn(segmentInFrame(view, frame.start)) || !frame.isIntact()) return;
    this.#stage = 'write';
    this.#nic = nic;
  }

  #tell(time: number, rest: Rest): void {
    this.#scene.tell({ kind: 'step', time, side: this.#station.name, ...rest });
  }
}
