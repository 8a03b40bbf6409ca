/**
 * What is compared over a bad wire: who sends, and how much is lost.
 * @module
 */

/** How a sender sends. */
export interface Sending {
  who: 'kernel' | 'ours';
  /** `TCP_CONGESTION` of its socket. */
  congestion: 'cubic' | 'reno';
  /** `net.ipv4.tcp_sack` of its side. */
  sack: 0 | 1;
}

/** All of them, by what tables and gates call them. */
export type Sender = "kernel's CUBIC" | 'our CUBIC' | "kernel's Reno, no SACK" | 'our Reno, no SACK';

/** They send side by side, each over a wire of its own. */
export const SENDERS: Readonly<Record<Sender, Sending>> = {
  "kernel's CUBIC": { who: 'kernel', congestion: 'cubic', sack: 1 },
  'our CUBIC': { who: 'ours', congestion: 'cubic', sack: 1 },
  "kernel's Reno, no SACK": { who: 'kernel', congestion: 'reno', sack: 0 },
  'our Reno, no SACK': { who: 'ours', congestion: 'reno', sack: 0 },
};

/** Probabilities of loss, in per cent. */
export const LOSSES: readonly number[] = [0.1, 1, 5];

/** How long a sender sends, s. */
export const SECONDS = 20;

/** One round: bits per second that the receiving program got of each sender. */
export type GoodputSample = Record<Sender, number>;
