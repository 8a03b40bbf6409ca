/**
 * The skb drawn: where head, data, tail and end are, and what lies between them.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';

/** A run of bytes with a name: a header or the payload. Offsets as in the skb, absolute. */
export interface Region {
  layer: Layer;
  at: number;
  length: number;
}

/** What a region holds. */
export type Layer = 'ethernet' | 'ipv4' | 'tcp' | 'payload';

/** Bytes of a packet that lie in a page of their own, by reference. */
export interface FragGeometry {
  /** First byte, counted from the page's. */
  offset: number;
  length: number;
  /** Bytes of the page. */
  page: number;
  /** References to the page, this one included. */
  refs: number;
  /** Whose it is: a page of the host's, or memory that an application lent. */
  owner: 'host' | 'application';
}

/** The geometry of an skb with its offsets counted from the head, so that it can be kept, compared and printed. */
export interface Geometry {
  head: number;
  data: number;
  tail: number;
  end: number;
  len: number;
  dataLen: number;
  frags: FragGeometry[];
  regions: Region[];
}

/** Columns of the bar. */
const WIDTH = 64;
/** Frags that are told one by one. */
const MAX_FRAG_LINES = 3;
const LETTER: Record<Layer, string> = { ethernet: 'E', ipv4: 'I', tcp: 'T', payload: 'D' };

/** Notes where the pointers of `skb` are now. `regions` are the headers and data that lie in its linear part. */
export function geometryOf(skb: SkBuff, regions: readonly Region[]): Geometry {
  const from = skb.head;
  return {
    head: 0,
    data: skb.data - from,
    tail: skb.tail - from,
    end: skb.end - from,
    len: skb.len,
    dataLen: skb.dataLen,
    frags: skb.frags.slice(0, skb.nrFrags).map(({ page, offset, length }) => ({
      offset: offset - page.start,
      length,
      page: page.size,
      refs: page.refs,
      owner: page.pool === undefined ? ('application' as const) : ('host' as const),
    })),
    regions: regions.map(({ layer, at, length }) => ({ layer, at: at - from, length })),
  };
}

/**
 * Three lines to scale: labels, arrows, and the head as a bar. Bytes of the packet are capitals (E thernet, I Pv4, T CP,
 * D ata), headers that were stripped small letters, free room dots; a long run of free room at the end is cut short.
 */
export function draw(geometry: Geometry): string[] {
  const { data, tail, end } = geometry;
  const shown = Math.min(end, Math.max(256, tail + (tail >>> 2)));
  const column = (at: number): number => Math.min(WIDTH - 1, Math.floor((at * WIDTH) / Math.max(1, shown)));
  const bar = new Array<string>(WIDTH).fill('·');
  for (const { layer, at, length } of geometry.regions) {
    const inside = at >= data && at < tail;
    const letter = inside ? LETTER[layer] : LETTER[layer].toLowerCase();
    if (length > 0) bar.fill(letter, column(at), Math.max(column(at) + 1, column(at + length)));
  }
  if (shown < end) bar.splice(-4, 2, '/', '/');
  const marks: [string, number][] = [
    ['head 0', 0],
    [`data ${data}`, column(data)],
    [`tail ${tail}`, column(tail)],
    [`end ${end}`, WIDTH],
  ];
  const arrows = new Array<string>(WIDTH + 1).fill(' ');
  for (const [, at] of marks) arrows[at] = '↓';
  const drawn = [labels(marks), arrows.join(''), bar.join('')];
  return [...drawn, ...pages(geometry.frags)];
}

/** Frags by page, several in a page as one line. */
function pages(frags: readonly FragGeometry[]): string[] {
  if (frags.length > MAX_FRAG_LINES) {
    const bytes = frags.reduce((sum, { length }) => sum + length, 0);
    return [
      ...pages(frags.slice(0, MAX_FRAG_LINES - 1)),
      `frags[…${frags.length - 1}] ${bytes} B in all frags`,
    ];
  }
  return frags.map(({ offset, length, page, refs, owner }, index) => {
    const whose = owner === 'host' ? `a page of ${page}` : `the application's own ${page}`;
    return `frags[${index}] ──▶ ${length} B at ${offset} of ${whose}, referenced ${refs === 1 ? 'once' : `${refs} times`}`;
  });
}

/** Puts each text at its column, or as near behind it as the one before allows. */
function labels(texts: [string, number][]): string {
  let line = '';
  for (const [text, column] of texts) {
    line = line.length === 0 ? ' '.repeat(column) : `${line} `.padEnd(column);
    line += text;
  }
  return line;
}
