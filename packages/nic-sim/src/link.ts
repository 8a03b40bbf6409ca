/**
 * The seam between what sends frames and what carries them. A wire has two ends; a NIC and a port of a switch are endpoints.
 * @module
 */
import type { Frame } from './frame.ts';

/** One end of something that carries frames, as its endpoint sees it. */
export interface Link {
  /** Whether there is carrier: both ends are plugged and nobody cut it. */
  readonly up: boolean;
  /** Puts a frame on the link, taking it over. */
  send(frame: Frame): void;
  /** From when on, µs, the next frame would go out at once. Sending earlier queues it in the link. */
  readyAt(): number;
  /** Pulls the plug: frames in flight are lost, and the other end sees the carrier go. */
  unplug(): void;
}

/** What is plugged into a link. */
export interface Endpoint {
  /** For traces and captures. */
  readonly name: string;
  /** Called when plugged in, with its end of the link, and with `undefined` when unplugged. */
  plug(link: Link | undefined): void;
  /** Called when the carrier came (`up`) or went. */
  carrier(up: boolean): void;
  /** A frame has arrived whole; the endpoint takes it over. */
  arrive(frame: Frame): void;
}
