/**
 * Who owns a segment: the established table, the listeners, and the bound ports. Chains run through the sockets themselves, so that
 * a connection costs no entry of its own.
 * @module
 */
import type { Dst, Family, Inet } from './ports.ts';
import type { RequestSock } from './request.ts';
import type { TcpSock } from './tcb.ts';

/** s: long before the clock began. */
const NEVER = -0x4000_0000;

/** What the established table holds: {@link TcpSock}, {@link RequestSock} or {@link TimewaitSock}, told apart by `state`. */
export interface EhashEntry {
  readonly state: number;
  readonly family: Family<unknown>;
  readonly inet: Inet;
  readonly saddr: unknown;
  readonly daddr: unknown;
  /** Local port. */
  readonly sport: number;
  /** Peer's port. */
  readonly dport: number;
  readonly boundDevIf: number;
  readonly mark: number;
  readonly priority: number;
  readonly dst: Dst | undefined;
  hash: number;
  hashNext: EhashEntry | undefined;
  /** Whether it is in a table. */
  hashed: boolean;
}

/** Who holds a local port: a {@link TcpSock} or a {@link TimewaitSock}. */
export interface BindOwner {
  readonly state: number;
  readonly family: Family<unknown>;
  /** Address it is bound to; the family's `any` where it is bound to all. */
  readonly rcvSaddr: unknown;
  readonly boundDevIf: number;
  readonly reuse: boolean;
  readonly reusePort: boolean;
  bindBucket: BindBucket | undefined;
  bindNext: BindOwner | undefined;
  bindPrev: BindOwner | undefined;
}

/** A local port in use (Linux `struct inet_bind_bucket`). */
export interface BindBucket {
  readonly port: number;
  /** Its holders. */
  first: BindOwner | undefined;
  /** Whether all are connections without a bound port, to different peers: others of that kind may join. */
  ephemeral: boolean;
  /** When a listener last answered with a SYN cookie, s; {@link NEVER} or later. */
  synqOverflow: number;
}

/** What a socket has beyond others while it listens. */
export interface ListenerExtra {
  /** Limit of the accept queue; one more than it fits, as in Linux. */
  backlog: number;
  /** Established and waiting for `accept`. */
  acceptFirst: TcpSock | undefined;
  acceptLast: TcpSock | undefined;
  acceptLength: number;
  /** Half-open connections. */
  readonly requests: Set<RequestSock>;
  /** Of these, those that never had a timeout. */
  young: number;
}

/** Established sockets by connection, listeners by address and port. */
export class Tables {
  /** Sockets, requests and TIME-WAIT. */
  count = 0;
  readonly #secret: number;
  #established: (EhashEntry | undefined)[] = new Array(256).fill(undefined);
  #listening: (TcpSock | undefined)[] = new Array(64).fill(undefined);
  #listeners = 0;
  readonly #ports = new Map<number, BindBucket>();

  constructor(secret: number) {
    this.#secret = secret | 0;
  }

  /** Hash of a connection, int32. */
  hash(family: Family<unknown>, saddr: unknown, sport: number, daddr: unknown, dport: number): number {
    let h = mix(this.#secret ^ family.hash(saddr));
    h = mix(h ^ family.hash(daddr));
    return mix(h ^ ((sport << 16) | dport));
  }

  /** Adds an entry whose addresses and ports are set. */
  insert(entry: EhashEntry): void {
    entry.hash = this.hash(entry.family, entry.saddr, entry.sport, entry.daddr, entry.dport);
    entry.hashed = true;
    const slot = entry.hash & (this.#established.length - 1);
    entry.hashNext = this.#established[slot];
    this.#established[slot] = entry;
    if (++this.count > this.#established.length) this.#grow();
  }

  /** Takes an entry out of the established table. */
  remove(entry: EhashEntry): void {
    if (!entry.hashed) return;
    entry.hashed = false;
    this.count--;
    const slot = entry.hash & (this.#established.length - 1);
    const first = this.#established[slot] as EhashEntry;
    if (first === entry) this.#established[slot] = entry.hashNext;
    else {
      let before = first;
      while (before.hashNext !== entry) before = before.hashNext as EhashEntry;
      before.hashNext = entry.hashNext;
    }
    entry.hashNext = undefined;
  }

  /** The entry of a connection; `saddr` and `sport` are ours. `dif` is the device a segment came by, 0 = any. */
  lookup(
    family: Family<unknown>,
    saddr: unknown,
    sport: number,
    daddr: unknown,
    dport: number,
    dif: number,
  ): EhashEntry | undefined {
    const hash = this.hash(family, saddr, sport, daddr, dport);
    let entry = this.#established[hash & (this.#established.length - 1)];
    for (; entry !== undefined; entry = entry.hashNext) {
      if (
        entry.hash === hash &&
        entry.sport === sport &&
        entry.dport === dport &&
        entry.family === family &&
        family.same(entry.daddr, daddr) &&
        family.same(entry.saddr, saddr) &&
        (entry.boundDevIf === 0 || dif === 0 || entry.boundDevIf === dif)
      ) {
        return entry;
      }
    }
    return undefined;
  }

  /** Adds a listener. */
  listen(sk: TcpSock): void {
    sk.hash = this.#listenHash(sk.family, sk.rcvSaddr, sk.sport);
    sk.hashed = true;
    const slot = sk.hash & (this.#listening.length - 1);
    sk.hashNext = this.#listening[slot];
    this.#listening[slot] = sk;
    if (++this.#listeners > this.#listening.length) this.#growListening();
  }

  /** Takes a listener out. */
  unlisten(sk: TcpSock): void {
    if (!sk.hashed) return;
    sk.hashed = false;
    this.#listeners--;
    const slot = sk.hash & (this.#listening.length - 1);
    if (this.#listening[slot] === sk) this.#listening[slot] = sk.hashNext as TcpSock | undefined;
    else {
      let before = this.#listening[slot] as TcpSock;
      while (before.hashNext !== sk) before = before.hashNext as TcpSock;
      before.hashNext = sk.hashNext;
    }
    sk.hashNext = undefined;
  }

  /**
   * The listener for a segment to `daddr`:`port`: one bound to the address before one bound to all. Of several with SO_REUSEPORT
   * `choice`, a hash of the connection, picks one.
   */
  listener(
    family: Family<unknown>,
    daddr: unknown,
    port: number,
    dif: number,
    choice: number,
  ): TcpSock | undefined {
    return (
      this.#findListener(family, daddr, port, dif, choice) ??
      this.#findListener(family, family.any, port, dif, choice)
    );
  }

  /** The holders of a port. */
  bucket(port: number): BindBucket | undefined {
    return this.#ports.get(port);
  }

  /** Gives `owner` the port. */
  hold(owner: BindOwner, port: number, ephemeral: boolean): void {
    let bucket = this.#ports.get(port);
    if (bucket === undefined) {
      bucket = { port, first: undefined, ephemeral, synqOverflow: NEVER };
      this.#ports.set(port, bucket);
    }
    if (!ephemeral) bucket.ephemeral = false;
    owner.bindBucket = bucket;
    owner.bindPrev = undefined;
    owner.bindNext = bucket.first;
    if (bucket.first !== undefined) bucket.first.bindPrev = owner;
    bucket.first = owner;
  }

  /** Takes the port from `owner`. */
  release(owner: BindOwner): void {
    const bucket = owner.bindBucket;
    if (bucket === undefined) return;
    const { bindNext, bindPrev } = owner;
    if (bindPrev === undefined) bucket.first = bindNext;
    else bindPrev.bindNext = bindNext;
    if (bindNext !== undefined) bindNext.bindPrev = bindPrev;
    owner.bindBucket = undefined;
    owner.bindNext = undefined;
    owner.bindPrev = undefined;
    if (bucket.first === undefined) this.#ports.delete(bucket.port);
  }

  /** Every entry of the established table and every listener. */
  *entries(): Generator<EhashEntry, void, undefined> {
    for (const first of this.#listening) {
      for (let entry: EhashEntry | undefined = first; entry !== undefined; entry = entry.hashNext)
        yield entry;
    }
    for (const first of this.#established) {
      for (let entry = first; entry !== undefined; entry = entry.hashNext) yield entry;
    }
  }

  #listenHash(family: Family<unknown>, address: unknown, port: number): number {
    return mix(mix(this.#secret ^ family.hash(address)) ^ port);
  }

  #findListener(
    family: Family<unknown>,
    address: unknown,
    port: number,
    dif: number,
    choice: number,
  ): TcpSock | undefined {
    const hash = this.#listenHash(family, address, port);
    let found: TcpSock | undefined;
    let score = 0;
    let equals = 0;
    let entry = this.#listening[hash & (this.#listening.length - 1)];
    for (; entry !== undefined; entry = entry.hashNext as TcpSock | undefined) {
      if (entry.hash !== hash || entry.sport !== port || entry.family !== family) continue;
      if (!family.same(entry.rcvSaddr, address)) continue;
      if (entry.boundDevIf !== 0 && entry.boundDevIf !== dif) continue;
      const points = entry.boundDevIf !== 0 ? 2 : 1;
      if (points > score) {
        found = entry;
        score = points;
        equals = 1;
      } else if (points === score && entry.reusePort) {
        equals++;
        // Each of n equals ends up with a share of 1/n.
        if ((mix(choice ^ equals) >>> 0) % equals === 0) found = entry;
      }
    }
    return found;
  }

  #grow(): void {
    const old = this.#established;
    const mask = old.length * 2 - 1;
    const fresh: (EhashEntry | undefined)[] = new Array(old.length * 2).fill(undefined);
    for (const first of old) {
      let entry = first;
      while (entry !== undefined) {
        const next: EhashEntry | undefined = entry.hashNext;
        entry.hashNext = fresh[entry.hash & mask];
        fresh[entry.hash & mask] = entry;
        entry = next;
      }
    }
    this.#established = fresh;
  }

  #growListening(): void {
    const old = this.#listening;
    const mask = old.length * 2 - 1;
    const fresh: (TcpSock | undefined)[] = new Array(old.length * 2).fill(undefined);
    for (const first of old) {
      let entry = first;
      while (entry !== undefined) {
        const next = entry.hashNext as TcpSock | undefined;
        entry.hashNext = fresh[entry.hash & mask];
        fresh[entry.hash & mask] = entry;
        entry = next;
      }
    }
    this.#listening = fresh;
  }
}

/** A bijection of int32 that leaves no bit where it was. */
function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x21f0_aaad);
  h = Math.imul(h ^ (h >>> 15), 0x735a_2d97);
  return h ^ (h >>> 15);
}
