/**
 * The socket under test as its packets show it: who talks to whom, and how a script's numbers are those on the wire.
 * @module
 */

import type { Socket } from '@stack/socket';
import { SYN } from '@stack/tcp';

/** Where a sequence space begins: on the wire, and in the script. */
export interface Origin {
  live: number;
  script: number;
}

/** How far a connection has come, as far as packets are told apart by it. */
export type Stage = 'new' | 'listening' | 'connecting' | 'passive';

/** Timestamps that cannot be told from those before. */
export class TimestampError extends Error {
  override readonly name = 'TimestampError';
}

/** One socket, and the two sequence spaces of its connection. */
export class Connection {
  stage: Stage = 'new';
  /** The socket while a descriptor of the script has it. */
  socket: Socket | undefined = undefined;
  localPort = 0;
  remotePort = 0;
  /** Of what we send. */
  local: Origin | undefined = undefined;
  /** Of what the peer sends. */
  remote: Origin | undefined = undefined;
  /** Our timestamps: what the script calls them, and what they were. */
  readonly #timestamps: Map<number, number> = new Map();
  /** The first of them. */
  firstTimestamp: Origin | undefined = undefined;

  /** The number on the wire of one of ours in the script. Those of a segment with SYN count from where the script says; others from 0. */
  localLive(script: number, flags: number): number {
    return toLive(script, flags, this.local);
  }

  /** {@link localLive} of the peer's. */
  remoteLive(script: number, flags: number): number {
    return toLive(script, flags, this.remote);
  }

  /** The script's number for one of ours on the wire. */
  localScript(live: number, flags: number): number {
    return toScript(live, flags, this.local);
  }

  /** {@link localScript} of the peer's. */
  remoteScript(live: number, flags: number): number {
    return toScript(live, flags, this.remote);
  }

  /** Remembers what a timestamp of ours is called in the script. */
  sawTimestamp(script: number, live: number): void {
    this.firstTimestamp ??= { live, script };
    this.#timestamps.set(script, live);
  }

  /** What the script would call a timestamp of ours: as far behind the first as it is on the wire. */
  timestampScript(live: number): number {
    const first = this.firstTimestamp;
    return first === undefined ? live : (first.script + live - first.live) >>> 0;
  }

  /**
   * The timestamp on the wire that the script calls `script`; where `infers`, one that no segment had is as far behind the next lower one.
   * @throws TimestampError
   */
  timestampLive(script: number, infers: boolean): number {
    const exact = this.#timestamps.get(script);
    if (exact !== undefined) return exact;
    if (!infers) throw new TimestampError(`no segment that came out had TS val ${script}`);
    let below: number | undefined;
    for (const value of this.#timestamps.keys()) {
      if (value < script && (below === undefined || value > below)) below = value;
    }
    if (below === undefined)
      throw new TimestampError(`no segment that came out had TS val ${script}, or a lower one`);
    return ((this.#timestamps.get(below) as number) + script - below) >>> 0;
  }
}

function toLive(script: number, flags: number, origin: Origin | undefined): number {
  const { live, script: start } = origin ?? ZERO;
  return (live + script - ((flags & SYN) === 0 ? 0 : start)) >>> 0;
}

function toScript(live: number, flags: number, origin: Origin | undefined): number {
  const { live: start, script } = origin ?? ZERO;
  return (live - start + ((flags & SYN) === 0 ? 0 : script)) >>> 0;
}

const ZERO: Origin = { live: 0, script: 0 };
