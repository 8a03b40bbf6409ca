/**
 * System calls as a tracer sees them: what `strace` sees, as data.
 * @module
 */
import type { SocketAddress, WireAddress } from './address.ts';
import type { ControlMessage } from './control.ts';
import type { OptionData } from './ports.ts';

/** Bytes of each buffer that a trace keeps unless told otherwise (`strace -s`). */
export const SNAPLEN = 32;

/** What every call has. */
interface CallBase {
  /** The process: {@link Sockets.pid}. */
  readonly pid: number;
  /** When it began, µs. */
  readonly start: number;
  /** When it ended, µs; equal to `start` until it did. */
  end: number;
  /** What it returned; -1 for an error. */
  result: number;
  /** Such as `EAGAIN`; `''` = none. */
  errno: string;
}

/** The first bytes of a buffer and how many there are. The bytes are a copy. */
export interface TracedBytes {
  data: Uint8Array;
  /** Bytes sent or received. */
  length: number;
}

/** Each call with its own arguments. What a call fills in is there when it has ended. */
export type Syscall = CallBase &
  (
    | { readonly name: 'socket'; readonly family: number; readonly type: number; readonly protocol: number }
    | { readonly name: 'bind' | 'connect'; readonly fd: number; readonly address: WireAddress }
    | { readonly name: 'listen'; readonly fd: number; readonly backlog: number }
    | {
        readonly name: 'accept' | 'accept4';
        readonly fd: number;
        readonly family: number;
        readonly flags: number;
        address: SocketAddress | undefined;
      }
    | {
        readonly name: 'sendto';
        readonly fd: number;
        readonly buffer: TracedBytes;
        readonly flags: number;
        readonly address: WireAddress | undefined;
      }
    | {
        readonly name: 'recvfrom';
        readonly fd: number;
        readonly family: number;
        /** Room in the buffer, bytes. */
        readonly size: number;
        readonly flags: number;
        /** Whether the caller asked for the address. */
        readonly wantsAddress: boolean;
        buffer: TracedBytes;
        address: SocketAddress | undefined;
      }
    | {
        readonly name: 'sendmsg';
        readonly fd: number;
        readonly buffers: readonly TracedBytes[];
        readonly flags: number;
        readonly address: WireAddress | undefined;
        readonly control: readonly ControlMessage[];
      }
    | {
        readonly name: 'recvmsg';
        readonly fd: number;
        readonly family: number;
        readonly type: number;
        readonly sizes: readonly number[];
        readonly flags: number;
        buffers: readonly TracedBytes[];
        address: SocketAddress | undefined;
        control: readonly ControlMessage[];
        messageFlags: number;
      }
    | { readonly name: 'shutdown'; readonly fd: number; readonly how: number }
    | {
        readonly name: 'getsockname' | 'getpeername';
        readonly fd: number;
        readonly family: number;
        address: SocketAddress | undefined;
      }
    | {
        readonly name: 'setsockopt';
        readonly fd: number;
        readonly level: number;
        readonly option: number;
        readonly value: OptionData;
      }
    | {
        readonly name: 'getsockopt';
        readonly fd: number;
        readonly level: number;
        readonly option: number;
        value: OptionData | undefined;
      }
    | {
        readonly name: 'poll';
        readonly fds: readonly { readonly fd: number; readonly events: number; revents: number }[];
        /** Milliseconds; -1 = for ever. */
        readonly timeout: number;
      }
    | { readonly name: 'ioctl'; readonly fd: number; readonly request: number; value: number }
    | { readonly name: 'close'; readonly fd: number }
  );

/** The name of a call. */
export type SyscallName = Syscall['name'];

/** Who is told of calls. The same object comes at both ends of a call. */
export interface SyscallTracer {
  /** Bytes of each buffer to keep. Default {@link SNAPLEN}. */
  readonly snaplen?: number;
  /** A call begins. */
  enter?(call: Syscall): void;
  /** A call has ended. */
  exit?(call: Syscall): void;
}

/** The first bytes of a buffer, as a tracer asked for them. @internal */
export function traced(
  tracer: SyscallTracer,
  bytes: Uint8Array,
  offset: number,
  length: number,
): TracedBytes {
  const kept = Math.min(length, tracer.snaplen ?? SNAPLEN);
  return { data: bytes.slice(offset, offset + kept), length };
}
