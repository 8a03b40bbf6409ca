/**
 * The calls of the kernel's sockets, blocking, through koffi: a program on them costs what one in C does.
 * @module
 */
import { endianness } from 'node:os';
import koffi from 'koffi';

const AF_INET = 2;
const SOCK_STREAM = 1;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const TCP_CONGESTION = 13;
const SHUT_WR = 1;
const LITTLE: boolean = endianness() === 'LE';

const libc = koffi.load(null);
const socket = libc.func('socket', 'int', ['int', 'int', 'int']);
const bind = libc.func('bind', 'int', ['int', 'void *', 'uint']);
const listen = libc.func('listen', 'int', ['int', 'int']);
const accept = libc.func('accept', 'int', ['int', 'void *', 'void *']);
const connect = libc.func('connect', 'int', ['int', 'void *', 'uint']);
const setsockopt = libc.func('setsockopt', 'int', ['int', 'int', 'int', 'void *', 'uint']);
const read = libc.func('read', 'intptr_t', ['int', 'void *', 'size_t']);
const write = libc.func('write', 'intptr_t', ['int', 'void *', 'size_t']);
const shutdown = libc.func('shutdown', 'int', ['int', 'int']);
const close = libc.func('close', 'int', ['int']);

/** A TCP socket of the kernel's. Every method blocks. @throws Error with the call and its errno. */
export class KernelSocket {
  readonly #fd: number;

  constructor(fd: number = check('socket', socket(AF_INET, SOCK_STREAM, 0))) {
    this.#fd = fd;
  }

  /** A listener on any address, with cubic. */
  static listening(port: number): KernelSocket {
    const listener = new KernelSocket();
    listener.#set(SOL_SOCKET, SO_REUSEADDR, one());
    listener.#control('cubic'); // who is accepted has it too
    const address = sockaddr('0.0.0.0', port);
    check('bind', bind(listener.#fd, address, address.length));
    check('listen', listen(listener.#fd, 128));
    return listener;
  }

  /** A connection, without Nagle's algorithm. */
  static connected(address: string, port: number, congestion = 'cubic'): KernelSocket {
    const made = new KernelSocket();
    made.#control(congestion);
    made.#set(IPPROTO_TCP, TCP_NODELAY, one());
    const name = sockaddr(address, port);
    check('connect', connect(made.#fd, name, name.length));
    return made;
  }

  accept(): KernelSocket {
    const accepted = new KernelSocket(check('accept', accept(this.#fd, null, null)));
    accepted.#set(IPPROTO_TCP, TCP_NODELAY, one());
    return accepted;
  }

  /** Bytes read, 0 at the end. */
  read(into: Uint8Array): number {
    return check('read', read(this.#fd, into, into.length));
  }

  /** All of `bytes`. */
  write(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      const rest = done === 0 ? bytes : bytes.subarray(done);
      done += check('write', write(this.#fd, rest, rest.length));
    }
  }

  /** Reads to the end; how many bytes. */
  drain(into: Uint8Array): number {
    let count = 0;
    for (let n = this.read(into); n > 0; n = this.read(into)) count += n;
    return count;
  }

  shutdown(): void {
    check('shutdown', shutdown(this.#fd, SHUT_WR));
  }

  close(): void {
    check('close', close(this.#fd));
  }

  #control(congestion: string): void {
    this.#set(IPPROTO_TCP, TCP_CONGESTION, new TextEncoder().encode(congestion));
  }

  #set(level: number, name: number, value: Uint8Array): void {
    check('setsockopt', setsockopt(this.#fd, level, name, value, value.length));
  }
}

function check(call: string, result: number): number {
  if (result < 0) throw new Error(`${call}: errno ${koffi.errno()}`);
  return result;
}

function one(): Uint8Array {
  const value = new Uint8Array(4);
  new DataView(value.buffer).setInt32(0, 1, LITTLE);
  return value;
}

/** `struct sockaddr_in`. */
function sockaddr(address: string, port: number): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_INET, LITTLE);
  view.setUint16(2, port);
  for (const [i, part] of address.split('.').entries()) bytes[4 + i] = Number(part);
  return bytes;
}
