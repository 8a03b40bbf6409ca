/**
 * The system calls that Node has none of its own for, through koffi, which is an optional dependency.
 * @module
 */
import type { Arena } from '@stack/skbuff';
import { TapError } from '../tap-error.ts';

type Koffi = typeof import('koffi');

/** What koffi hands to the callback of a poll handle. */
export interface PollEvents {
  readonly readable: boolean;
  readonly writable: boolean;
}

/** `uv_poll_t`: a place in Node's own event loop, no thread. */
export interface PollHandle {
  start(options: PollEvents, callback: (status: number, events: PollEvents) => void): void;
  stop(): void;
  close(): void;
  ref(): void;
  unref(): void;
}

/** Functions of the C library, and koffi's own. Numbers are addresses where C has pointers. */
export interface Libc {
  readv(fd: number, iov: number, count: number): number;
  writev(fd: number, iov: number, count: number): number;
  /** `ioctl` with a pointer. */
  ioctl(fd: number, request: number, argument: Uint8Array): number;
  /** `ioctl` with a value. */
  ioctlValue(fd: number, request: number, argument: number): number;
  socketpair(domain: number, type: number, protocol: number, fds: Int32Array): number;
  /** Of the last call. */
  errno(): number;
  /** Where an arena's memory is, for good: that of an `ArrayBuffer` never moves. */
  address(arena: Arena): number;
  /** Bytes of a pointer. */
  readonly pointerSize: number;
  poll(fd: number, wanted: PollEvents, callback: (status: number, events: PollEvents) => void): PollHandle;
}

let loaded: Promise<Libc> | undefined;

/** Loads koffi, once. Rejects with {@link TapError} `ERR_NO_KOFFI`. */
export function loadLibc(load: () => Promise<Koffi> = loadKoffi): Promise<Libc> {
  if (load !== loadKoffi) return load().then(bind, refuse);
  loaded ??= load().then(bind, refuse);
  return loaded;
}

async function loadKoffi(): Promise<Koffi> {
  return (await import('koffi')).default as unknown as Koffi;
}

function refuse(cause: unknown): never {
  const message =
    'koffi, which opens TAP devices, is not installed or does not load here: npm install koffi, or give an inherited descriptor as { fd }';
  throw new TapError('ERR_NO_KOFFI', message, { cause });
}

function bind(koffi: Koffi): Libc {
  const libc = koffi.load(null);
  return {
    readv: libc.func('readv', 'intptr_t', ['int', 'uintptr_t', 'int']) as never,
    writev: libc.func('writev', 'intptr_t', ['int', 'uintptr_t', 'int']) as never,
    ioctl: libc.func('ioctl', 'int', ['int', 'ulong', 'void *']) as never,
    ioctlValue: libc.func('ioctl', 'int', ['int', 'ulong', 'ulong']) as never,
    socketpair: libc.func('socketpair', 'int', ['int', 'int', 'int', 'void *']) as never,
    errno: () => koffi.errno(),
    address: (arena) => Number(koffi.address(arena.bytes)),
    pointerSize: koffi.sizeof('void *'),
    poll: (fd, wanted, callback) => koffi.node.poll(fd, wanted, callback as never) as unknown as PollHandle,
  };
}
