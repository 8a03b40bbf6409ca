/**
 * Longest-prefix match: a tree bitmap (Eatherton, Varghese, Dittia 2004) with compressed paths.
 *
 * A node covers five bits of the key. Its inner bitmap says which prefixes end within these bits (bit 2^r + v: the one of r
 * bits with the value v), its outer bitmap which of the 32 ways down exist. The children of a node lie next to each other, and so
 * do its results, so one number finds each. A node with one child and no result is left out: the child knows its level. What is
 * left out is not compared on the way down but at the end, with the prefix that was found.
 *
 * A node is four words: inner bitmap, outer bitmap, level << 27 | index of the first child, index of the first result. Results
 * are the entries themselves, in an array that is cut into blocks as the nodes are.
 * @module
 */
import { Arena } from './arena.ts';
import type { AddressOps } from './ports.ts';

const STRIDE = 5;
const NODE = 4;
const INNER = 0;
const OUTER = 1;
const CHILDREN = 2;
const RESULTS = 3;
const LEVEL_SHIFT = 27;
const BASE_MASK = (1 << LEVEL_SHIFT) - 1;
const ROOT = 0;
const MAX_LEVELS = 32;
/** Bits compared at a time. */
const PIECE = 16;

/** For five bits of a key, the bits of the inner bitmap that match it: prefixes of 0 to 4 of them. */
const MATCHING: Int32Array = /* @__PURE__ */ Int32Array.from({ length: 32 }, (_, chunk) => {
  let matching = 0;
  for (let bits = 0; bits < STRIDE; bits++) matching |= 1 << ((1 << bits) + (chunk >>> (STRIDE - bits)));
  return matching;
});

/** What a trie holds: anything that knows its own prefix. */
export interface Entry<A> {
  readonly dst: A;
  readonly length: number;
}

/** A map from prefixes to entries that finds those that cover an address, the longest first. */
export class Trie<A, E extends Entry<A>> {
  readonly #ops: AddressOps<A>;
  readonly #width: number;
  readonly #nodes = new Arena(NODE);
  readonly #results = new Arena(1);
  readonly #entries: (E | undefined)[] = [];

  // The last descent: the nodes on the way that have a match, and which bits of their inner bitmaps match.
  readonly #pathNode = new Int32Array(MAX_LEVELS);
  readonly #pathMatch = new Int32Array(MAX_LEVELS);
  #depth = 0;
  /** From this place on a path was skipped: what is found must be compared. */
  #uncertain = 0;

  constructor(ops: AddressOps<A>) {
    this.#ops = ops;
    this.#width = ops.width;
    this.#nodes.alloc(1);
    this.#clear(ROOT, 0);
  }

  /** How many prefixes there are. */
  get size(): number {
    return this.#results.used;
  }

  /** Nodes in use: the root, and at most two for each prefix. */
  get nodes(): number {
    return this.#nodes.used;
  }

  /** Bytes of the arrays, taking a reference to an entry for eight; the entries themselves are the caller's. */
  get byteLength(): number {
    return this.#nodes.words.byteLength + this.#results.words.byteLength + this.#entries.length * 8;
  }

  /** The entry with the longest prefix that covers `key`. Then {@link shorter} goes on, until the next call or change. */
  longest(key: A): E | undefined {
    const words = this.#nodes.words;
    let node = ROOT;
    let level = 0;
    let depth = 0;
    let uncertain = MAX_LEVELS;
    for (;;) {
      const at = node * NODE;
      const chunk = this.#chunk(key, level);
      const match = (words[at] as number) & (MATCHING[chunk] as number);
      if (match !== 0) {
        this.#pathNode[depth] = at;
        this.#pathMatch[depth] = match;
        depth++;
      }
      const outer = words[at + OUTER] as number;
      const way = 1 << chunk;
      if ((outer & way) === 0) break;
      node = ((words[at + CHILDREN] as number) & BASE_MASK) + ones(outer & (way - 1));
      const below = (words[node * NODE + CHILDREN] as number) >>> LEVEL_SHIFT;
      if (below !== level + 1 && depth < uncertain) uncertain = depth;
      level = below;
    }
    this.#depth = depth;
    this.#uncertain = uncertain;
    return this.shorter(key);
  }

  /** The next shorter prefix that covers `key`, the one given to {@link longest}; undefined after the last. */
  shorter(key: A): E | undefined {
    const words = this.#nodes.words;
    while (this.#depth > 0) {
      const place = this.#depth - 1;
      const match = this.#pathMatch[place] as number;
      const highest = 31 - Math.clz32(match);
      const rest = match & ~(1 << highest);
      this.#pathMatch[place] = rest;
      if (rest === 0) this.#depth = place;
      const at = this.#pathNode[place] as number;
      const index = (words[at + RESULTS] as number) + ones((words[at] as number) & ((1 << highest) - 1));
      const entry = this.#entries[index] as E;
      if (place < this.#uncertain || covers(this.#ops, entry.dst, entry.length, key)) return entry;
    }
    return undefined;
  }

  /** The entry of exactly this prefix. */
  find(dst: A, length: number): E | undefined {
    for (let entry = this.longest(dst); entry !== undefined; entry = this.shorter(dst)) {
      if (entry.length === length) return entry;
      if (entry.length < length) return undefined;
    }
    return undefined;
  }

  /** Puts an entry in, in the place of one with the same prefix. */
  set(entry: E): void {
    const { dst, length } = entry;
    const target = Math.floor(length / STRIDE);
    let node = ROOT;
    let level = 0;
    while (level < target) {
      const at = node * NODE;
      const chunk = this.#chunk(dst, level);
      const outer = this.#word(at + OUTER);
      if ((outer & (1 << chunk)) === 0) {
        node = this.#addChild(node, chunk);
        this.#clear(node, target);
        break;
      }
      node = (this.#word(at + CHILDREN) & BASE_MASK) + ones(outer & ((1 << chunk) - 1));
      const below = this.#word(node * NODE + CHILDREN) >>> LEVEL_SHIFT;
      const fork = this.#fork(node, dst, level + 1, Math.min(below, target));
      if (fork < below) this.#split(node, fork);
      level = fork;
    }
    this.#setResult(node, innerBit(this.#chunk(dst, target), length - target * STRIDE), entry);
  }

  /** Takes the entry of exactly this prefix out. Says whether there was one. */
  delete(dst: A, length: number): boolean {
    const entry = this.find(dst, length);
    if (entry === undefined) return false;
    const target = Math.floor(length / STRIDE);
    let parent = ROOT;
    let node = ROOT;
    for (let level = 0; level < target; level = this.#word(node * NODE + CHILDREN) >>> LEVEL_SHIFT) {
      parent = node;
      node = this.#child(node, this.#chunk(dst, level));
    }
    this.#deleteResult(node, innerBit(this.#chunk(dst, target), length - target * STRIDE));
    if (node === ROOT) return true;
    if (this.#word(node * NODE) === 0 && this.#word(node * NODE + OUTER) === 0) {
      const level = this.#word(parent * NODE + CHILDREN) >>> LEVEL_SHIFT;
      this.#deleteChild(parent, this.#chunk(dst, level));
      node = parent;
    }
    this.#splice(node);
    return true;
  }

  /** Every entry, in no order. */
  *entries(): Generator<E> {
    for (const entry of this.#entries) {
      if (entry !== undefined) yield entry;
    }
  }

  /** Five bits of a key; what lies beyond its end is zero. */
  #chunk(key: A, level: number): number {
    const from = level * STRIDE;
    const rest = this.#width - from;
    if (rest >= STRIDE) return this.#ops.bits(key, from, STRIDE);
    return this.#ops.bits(key, from, rest) << (STRIDE - rest);
  }

  #word(index: number): number {
    return this.#nodes.words[index] as number;
  }

  #clear(node: number, level: number): void {
    const at = node * NODE;
    const { words } = this.#nodes;
    words[at + INNER] = 0;
    words[at + OUTER] = 0;
    words[at + CHILDREN] = level << LEVEL_SHIFT;
    words[at + RESULTS] = 0;
  }

  #child(node: number, chunk: number): number {
    const at = node * NODE;
    return (this.#word(at + CHILDREN) & BASE_MASK) + ones(this.#word(at + OUTER) & ((1 << chunk) - 1));
  }

  /** The first level from `from` on where `dst` leaves the path to `node`, at most `end`. */
  #fork(node: number, dst: A, from: number, end: number): number {
    if (from >= end) return end;
    const path = this.#anyBelow(node);
    let level = from;
    while (level < end && this.#chunk(dst, level) === this.#chunk(path, level)) level++;
    return level;
  }

  /** The prefix of some entry at or below a node: all of them have the node's path. */
  #anyBelow(node: number): A {
    let at = node * NODE;
    while (this.#word(at) === 0) at = (this.#word(at + CHILDREN) & BASE_MASK) * NODE;
    return (this.#entries[this.#word(at + RESULTS)] as E).dst;
  }

  /** Puts a node of `level` in the place of `node`, which becomes its only child. */
  #split(node: number, level: number): void {
    const way = this.#chunk(this.#anyBelow(node), level);
    const moved = this.#nodes.alloc(1);
    const { words } = this.#nodes;
    words.copyWithin(moved * NODE, node * NODE, (node + 1) * NODE);
    this.#clear(node, level);
    words[node * NODE + OUTER] = 1 << way;
    words[node * NODE + CHILDREN] = (level << LEVEL_SHIFT) | moved;
  }

  /** Undoes a split where nothing is left of its reason. */
  #splice(node: number): void {
    const at = node * NODE;
    if (node === ROOT || this.#word(at) !== 0 || ones(this.#word(at + OUTER)) !== 1) return;
    const child = this.#word(at + CHILDREN) & BASE_MASK;
    this.#nodes.words.copyWithin(at, child * NODE, (child + 1) * NODE);
    this.#nodes.free(child, 1);
  }

  /** Makes room for a child; its node has any content. */
  #addChild(node: number, chunk: number): number {
    const at = node * NODE;
    const outer = this.#word(at + OUTER);
    const children = this.#word(at + CHILDREN);
    const index = ones(outer & ((1 << chunk) - 1));
    const block = this.#nodes.insert(children & BASE_MASK, ones(outer), index);
    const { words } = this.#nodes;
    words[at + OUTER] = outer | (1 << chunk);
    words[at + CHILDREN] = (children & ~BASE_MASK) | block;
    return block + index;
  }

  #deleteChild(node: number, chunk: number): void {
    const at = node * NODE;
    const outer = this.#word(at + OUTER);
    const children = this.#word(at + CHILDREN);
    const index = ones(outer & ((1 << chunk) - 1));
    const block = this.#nodes.remove(children & BASE_MASK, ones(outer), index);
    const { words } = this.#nodes;
    words[at + OUTER] = outer & ~(1 << chunk);
    words[at + CHILDREN] = (children & ~BASE_MASK) | block;
  }

  #setResult(node: number, bit: number, entry: E): void {
    const at = node * NODE;
    const inner = this.#word(at);
    const old = this.#word(at + RESULTS);
    const index = ones(inner & ((1 << bit) - 1));
    if ((inner & (1 << bit)) !== 0) {
      this.#entries[old + index] = entry;
      return;
    }
    const size = ones(inner);
    const block = this.#allocResults(size + 1);
    this.#move(old, block, index);
    this.#move(old + index, block + index + 1, size - index);
    this.#entries[block + index] = entry;
    if (size > 0) this.#results.free(old, size);
    this.#nodes.words[at] = inner | (1 << bit);
    this.#nodes.words[at + RESULTS] = block;
  }

  #deleteResult(node: number, bit: number): void {
    const at = node * NODE;
    const inner = this.#word(at);
    const old = this.#word(at + RESULTS);
    const index = ones(inner & ((1 << bit) - 1));
    const size = ones(inner);
    const block = size > 1 ? this.#allocResults(size - 1) : 0;
    this.#entries[old + index] = undefined;
    this.#move(old, block, index);
    this.#move(old + index + 1, block + index, size - 1 - index);
    this.#results.free(old, size);
    this.#nodes.words[at] = inner & ~(1 << bit);
    this.#nodes.words[at + RESULTS] = block;
  }

  #allocResults(size: number): number {
    const block = this.#results.alloc(size);
    while (this.#entries.length < block + size) this.#entries.push(undefined); // no holes: V8 reads such arrays faster
    return block;
  }

  #move(from: number, to: number, count: number): void {
    for (let index = 0; index < count; index++) {
      this.#entries[to + index] = this.#entries[from + index];
      this.#entries[from + index] = undefined;
    }
  }
}

/** Whether the first `length` bits of two addresses are equal. */
export function covers<A>(ops: AddressOps<A>, dst: A, length: number, key: A): boolean {
  let from = 0;
  for (; from + PIECE <= length; from += PIECE) {
    if (ops.bits(dst, from, PIECE) !== ops.bits(key, from, PIECE)) return false;
  }
  const rest = length - from;
  return rest === 0 || ops.bits(dst, from, rest) === ops.bits(key, from, rest);
}

/** The place in the inner bitmap of the first `bits` bits of a chunk. */
function innerBit(chunk: number, bits: number): number {
  return (1 << bits) + (chunk >>> (STRIDE - bits));
}

/** Bits that are set. */
function ones(word: number): number {
  let sum = word - ((word >>> 1) & 0x5555_5555);
  sum = (sum & 0x3333_3333) + ((sum >>> 2) & 0x3333_3333);
  return Math.imul((sum + (sum >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}
