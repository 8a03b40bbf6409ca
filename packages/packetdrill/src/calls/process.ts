/**
 * The process whose calls a script has: its descriptors, by the script's numbers, and its files.
 * @module
 */
import type { Clock, Host } from '@stack/host';
import type { Socket } from '@stack/socket';
import type { Config } from '../config.ts';
import type { Connection } from '../packet/connection.ts';
import type { Epoll } from './epoll.ts';
import { CallFault } from './fault.ts';

/** What a descriptor stands for. */
export type Handle =
  | { kind: 'socket'; socket: Socket; connection: Connection }
  | { kind: 'epoll'; epoll: Epoll }
  | { kind: 'pipe'; pipe: Pipe; end: 'read' | 'write' }
  | { kind: 'file'; bytes: Uint8Array; offset: number };

/** Bytes between two descriptors. */
export interface Pipe {
  length: number;
}

/** Bytes a pipe holds. */
export const PIPE_SIZE = 65_536;

/** What calls work on. */
export interface World {
  readonly host: Host;
  readonly clock: Clock;
  readonly config: Config;
  readonly process: Process;
  /** The socket under test; packets are its. */
  underTest: Connection | undefined;
  /** The connections there are, or were. */
  readonly connections: Connection[];
}

/** See the module. */
export class Process {
  readonly files: Map<string, Uint8Array> = new Map();
  readonly #table: Map<number, Handle> = new Map();

  /**
   * Gives a handle the number that the script calls it by. @throws CallFault if another has it. Differs for what `accept` gives: packetdrill
   * does not look, and means the newest from then on.
   */
  bind(fd: number, handle: Handle): void {
    const accepted = handle.kind === 'socket' && handle.connection.stage === 'passive';
    if (this.#table.has(fd) && !accepted) throw new CallFault(`the descriptor ${fd} is in use`);
    this.#table.set(fd, handle);
  }

  /** @throws CallFault where the script has no such descriptor. */
  get(fd: number): Handle {
    const handle = this.#table.get(fd);
    if (handle === undefined) throw new CallFault(`there is no descriptor ${fd}`);
    return handle;
  }

  /** A socket. @throws CallFault where it is none. */
  socket(fd: number): Extract<Handle, { kind: 'socket' }> {
    const handle = this.get(fd);
    if (handle.kind !== 'socket') throw new CallFault(`the descriptor ${fd} is no socket`);
    return handle;
  }

  /** Forgets a descriptor. */
  release(fd: number): void {
    this.#table.delete(fd);
  }

  /** All there are. */
  handles(): IterableIterator<[number, Handle]> {
    return this.#table.entries();
  }
}
