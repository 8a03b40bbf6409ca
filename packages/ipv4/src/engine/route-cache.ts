/**
 * The last answers of the two route lookups, so that a flow asks the FIB once. Direct-mapped: {@link SLOTS} entries each, a new one
 * replaces what was in its place.
 * @module
 */
import type { Dst, Generations } from './dst.ts';
import type { InputRoute } from './route-input.ts';
import type { Flow } from './route-output.ts';

/** Entries of each cache; a power of two. */
const SLOTS = 256;

interface OutputEntry {
  daddr: number;
  /** As asked for, 0 = any. */
  saddr: number;
  oif: number;
  tos: number;
  mark: number;
  flags: number;
  ports: number;
  dst: Dst | undefined;
}

/** Answers of `routeOutput`. */
export class OutputRoutes {
  readonly #entries: OutputEntry[] = [];

  /** The route that the same question got, unless it is outdated. */
  find(flow: Flow, ports: number): Dst | undefined {
    const entry = this.#entries[slot(flow.daddr, flow.saddr, flow.tos, flow.mark)];
    if (
      entry === undefined ||
      entry.daddr !== flow.daddr ||
      entry.saddr !== flow.saddr ||
      entry.oif !== flow.oif ||
      entry.tos !== flow.tos ||
      entry.mark !== flow.mark ||
      entry.flags !== flow.flags ||
      entry.ports !== ports ||
      entry.dst === undefined
    ) {
      return undefined;
    }
    if (!entry.dst.obsolete()) return entry.dst;
    entry.dst = undefined; // what it holds may be gone
    return undefined;
  }

  /** Remembers an answer: `flow` as it was asked, with `saddr` and `daddr` of that time. */
  keep(flow: Flow, daddr: number, saddr: number, ports: number, dst: Dst): void {
    const index = slot(daddr, saddr, flow.tos, flow.mark);
    while (this.#entries.length <= index) this.#entries.push(emptyOutput());
    const entry = this.#entries[index] as OutputEntry;
    entry.daddr = daddr;
    entry.saddr = saddr;
    entry.oif = flow.oif;
    entry.tos = flow.tos;
    entry.mark = flow.mark;
    entry.flags = flow.flags;
    entry.ports = ports;
    entry.dst = dst;
  }
}

interface InputEntry {
  daddr: number;
  saddr: number;
  ifindex: number;
  tos: number;
  mark: number;
  genid: number;
  fibGenid: number;
  route: InputRoute | undefined;
}

/** Answers of `routeInput`. */
export class InputRoutes {
  readonly #entries: InputEntry[] = [];

  /** The route that the same question got, unless it is outdated. */
  find(
    daddr: number,
    saddr: number,
    ifindex: number,
    tos: number,
    mark: number,
    generations: Generations,
  ): InputRoute | undefined {
    const entry = this.#entries[slot(daddr, saddr, tos, mark)];
    if (
      entry === undefined ||
      entry.daddr !== daddr ||
      entry.saddr !== saddr ||
      entry.ifindex !== ifindex ||
      entry.tos !== tos ||
      entry.mark !== mark
    ) {
      return undefined;
    }
    if (entry.genid === generations.genid && entry.fibGenid === generations.fib.genid) return entry.route;
    entry.route = undefined; // what it holds may be gone
    return undefined;
  }

  /** Remembers an answer. */
  keep(
    daddr: number,
    saddr: number,
    ifindex: number,
    tos: number,
    mark: number,
    generations: Generations,
    route: InputRoute,
  ): void {
    const index = slot(daddr, saddr, tos, mark);
    while (this.#entries.length <= index) this.#entries.push(emptyInput());
    const entry = this.#entries[index] as InputEntry;
    entry.daddr = daddr;
    entry.saddr = saddr;
    entry.ifindex = ifindex;
    entry.tos = tos;
    entry.mark = mark;
    entry.genid = generations.genid;
    entry.fibGenid = generations.fib.genid;
    entry.route = route;
  }
}

function slot(daddr: number, saddr: number, tos: number, mark: number): number {
  const mixed = Math.imul(daddr ^ Math.imul(saddr, 0x9e37_79b1) ^ tos ^ (mark << 8), 0x85eb_ca6b);
  return (mixed ^ (mixed >>> 15)) & (SLOTS - 1);
}

function emptyOutput(): OutputEntry {
  return { daddr: 0, saddr: 0, oif: 0, tos: 0, mark: 0, flags: 0, ports: 0, dst: undefined };
}

function emptyInput(): InputEntry {
  return { daddr: 0, saddr: 0, ifindex: 0, tos: 0, mark: 0, genid: -1, fibGenid: 0, route: undefined };
}
