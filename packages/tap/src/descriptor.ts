/**
 * The port to the system: what a {@link Tap} needs of a file descriptor, so that all above it runs without one.
 * @module
 */
import type { IoVector } from './io-vector.ts';

/** What a {@link Descriptor} tells of itself. */
export interface DescriptorEvents {
  /** There is something to read: a packet, or the end. */
  readable(): void;
  /** There is room again. */
  writable(): void;
}

/** A non-blocking descriptor of which every read and write is one packet. */
export interface Descriptor {
  /** Reads one packet into the runs of `vector`. Bytes of the packet, 0 at the end, or an errno of {@link ERRNO} below zero. Never throws. */
  readv(vector: IoVector): number;
  /** Writes one packet. Bytes written, or an errno below zero. Never throws. */
  writev(vector: IoVector): number;
  /**
   * Says who is told, and of what, from now on. Levels, not edges: what is already so is told too, perhaps before this returns; and it may be
   * told again and again until it is no longer wanted.
   */
  want(events: DescriptorEvents, readable: boolean, writable: boolean): void;
  /** Whether it keeps a process alive that has nothing else to do. */
  hold(on: boolean): void;
  /** Gives it up. No event is told any more. */
  close(): void;
}

/** Numbers of the errors that are told apart; Linux's, on every processor that koffi runs on. */
export const ERRNO = {
  EINTR: 4,
  EIO: 5,
  ENXIO: 6,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EFAULT: 14,
  EBUSY: 16,
  ENODEV: 19,
  EINVAL: 22,
  EPIPE: 32,
  EBADFD: 77,
  EMSGSIZE: 90,
  ECONNRESET: 104,
  ENOBUFS: 105,
  ENOTCONN: 107,
  ECONNREFUSED: 111,
} as const;

/** Its name, `errno 133` for one that has none here. */
export function errnoName(errno: number): string {
  const entry = Object.entries(ERRNO).find(([, number]) => number === errno);
  return entry === undefined ? `errno ${errno}` : entry[0];
}
