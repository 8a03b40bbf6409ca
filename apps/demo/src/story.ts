/**
 * What the demo tells: steps of a packet's way with Linux's name for each, and single lines between them.
 * @module
 */
import type { Field } from './fields.ts';
import type { Geometry } from './picture.ts';

/** Who does it. */
export type Side = 'client' | 'router' | 'server' | 'wire' | 'kernel';

/** One step. */
export interface Step {
  kind: 'step';
  /** Virtual time, µs. */
  time: number;
  side: Side;
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
  /** The bytes this step added (or took off, or changed), by field. */
  fields?: Field[];
  /** What became of `fields`. */
  change?: 'added' | 'stripped' | 'changed';
}

/** What a line is about. */
export type About = 'call' | 'state' | 'segment' | 'fate' | 'neighbour' | 'recovery' | 'buffer' | 'wake';

/** Something that takes one line. */
export interface Line {
  kind: 'line';
  /** Virtual time, µs. */
  time: number;
  side: Side;
  about: About;
  text: string;
}

/** One element of the story. */
export type Told = Step | Line;

/** Where it goes. */
export type Teller = (told: Told) => void;
