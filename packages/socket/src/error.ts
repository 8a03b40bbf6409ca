/**
 * What failed calls throw: Node's `SystemError` with Linux's errno.
 * @module
 */
import type { WireAddress } from './address.ts';
import { errnoNumber } from './errno.ts';

/** A call failed. The message reads as Node's: `connect ECONNREFUSED 192.168.1.100:8080`. */
export class SocketError extends Error {
  override readonly name = 'SocketError';
  /** Linux's name: `'ECONNREFUSED'`. */
  readonly code: string;
  /** Linux's number, negative as Node has it: -111. */
  readonly errno: number;
  /** The call: `'connect'`. */
  readonly syscall: string;
  /** The address it was about, where there is one. */
  declare readonly address?: string;
  /** Its port, where there is one. */
  declare readonly port?: number;

  /** @param code Linux's name of the error. */
  constructor(syscall: string, code: string, about?: WireAddress) {
    super(`${syscall} ${code}${suffix(about)}`);
    this.code = code;
    this.errno = -errnoNumber(code);
    this.syscall = syscall;
    if (about === undefined || about.family === 'unspec') return;
    this.address = about.address;
    if (about.family !== 'packet') this.port = about.port;
  }
}

/** Whether a value is a {@link SocketError}, of any copy of this package; and, where given, of that code. */
export function isSocketError(error: unknown, code?: string): error is SocketError {
  if (!(error instanceof Error) || error.name !== 'SocketError') return false;
  const own = (error as Partial<SocketError>).code;
  return typeof own === 'string' && (code === undefined || own === code);
}

function suffix(about: WireAddress | undefined): string {
  if (about === undefined || about.family === 'unspec') return '';
  if (about.family === 'packet') return ` ${about.ifname || about.ifindex}`;
  return ` ${about.address}:${about.port}`; // Node writes no brackets around an IPv6 address
}
