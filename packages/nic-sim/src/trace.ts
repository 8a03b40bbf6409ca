/**
 * What a NIC tells about its steps while somebody listens. Off, each step costs one branch.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import type { Kind } from './descriptor.ts';
import type { Frame } from './frame.ts';

/** What happened. Objects in it belong to the NIC: look, do not keep or change. */
export type TraceStep =
  /** The driver wrote a descriptor. */
  | { kind: 'post'; ring: 'tx' | 'rx'; index: number; type: Kind; skb: SkBuff }
  /** The driver wrote the tail register. */
  | { kind: 'doorbell'; ring: 'tx' | 'rx'; head: number; tail: number }
  /** The device gathered what descriptors `first` to `last` describe into a frame of `bytes` bytes. */
  | { kind: 'dma-read'; first: number; last: number; bytes: number }
  /** The device put a frame on the wire; `length` is without FCS. */
  | { kind: 'wire'; frame: Frame; length: number }
  /** A frame came off the wire. */
  | { kind: 'arrive'; frame: Frame; length: number }
  /** The device wrote into the buffer of a receive descriptor. */
  | { kind: 'dma-write'; index: number; bytes: number }
  /** The device set DD. */
  | { kind: 'write-back'; ring: 'tx' | 'rx'; index: number }
  /** The interrupt line went up: causes as bits and as names. */
  | { kind: 'interrupt'; cause: number; names: string[] }
  /** A poll ended after `done` packets. */
  | { kind: 'poll'; budget: number; done: number };

/** A step, when, and on which NIC. */
export type TraceEvent = TraceStep & {
  /** µs. */
  time: number;
  /** The NIC's name. */
  nic: string;
};

/** Listens. */
export type Trace = (event: TraceEvent) => void;
