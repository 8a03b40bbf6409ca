/**
 * What the demo tells: one step of a packet's way, with Linux's name for it.
 * @module
 */
import type { Field } from './fields.ts';
import type { Geometry } from './picture.ts';

/** One step. */
export interface Step {
  /** Whose side of the wire. */
  side: 'client' | 'wire' | 'server';
  /** The function of Linux that does this. */
  call: string;
  /** The file of Linux it is in. */
  file: string;
  /** What happens, in a sentence or two. */
  text: string;
  /** Further lines: descriptors, table entries. */
  details?: string[];
  /** Where the pointers of the skb are after it. */
  geometry?: Geometry;
  /** The bytes this step added (or took off), by field. */
  fields?: Field[];
  /** Whether `fields` were added in front or taken off. */
  change?: 'added' | 'stripped';
}

/** Where steps go; `undefined` tells nothing. */
export type Teller = ((step: Step) => void) | undefined;
