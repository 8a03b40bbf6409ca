/**
 * `struct sock` for protocols that have none of their own.
 * @module
 */
import type { SockFields } from './ports.ts';

/** What `net.core.wmem_default` and `net.core.rmem_default` are on Linux, bytes of truesize. */
const DEFAULT_SIZE = 212_992;

/** The fields that the socket layer works on, with Linux's defaults: for a `Proto` that is not built on `@stack/skbuff/sock`. */
export class PlainSock implements SockFields {
  sndbuf: number = DEFAULT_SIZE;
  rcvbuf: number = DEFAULT_SIZE;
  userlocks = 0;
  err = '';
  shutdown = 0;
  pacingRate: number = Number.POSITIVE_INFINITY;
  maxPacingRate: number = Number.POSITIVE_INFINITY;
  pacingStatus = 0;
  mark = 0;
  priority = 0;
  boundDevIf = 0;
  reuse = false;
  reusePort = false;
  keepOpen = false;
  broadcast = false;
  linger = -1;
  rcvlowat = 1;
  zerocopy = false;
  timestamp = 0;
  timestamping: SockFields['timestamping'] = undefined;

  /** See {@link SockFields.takeError}. */
  takeError(): string {
    const { err } = this;
    this.err = '';
    return err;
  }
}
