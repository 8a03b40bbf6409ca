/**
 * An error as sockets get it.
 * @module
 */
import { viewOf } from '@stack/skbuff';
import type { Errno, Quote } from './ports.ts';

const NOBYTES: DataView = /* @__PURE__ */ viewOf(/* @__PURE__ */ new Uint8Array(0));
const IPPROTO_ICMP = 1;
const IPPROTO_TCP = 6;
const IPPROTO_UDP = 17;

/** Filled in for each error; its fields mean nothing between two of them. */
export class QuotedPacket implements Quote {
  view: DataView = NOBYTES;
  at = 0;
  length = 0;
  saddr = 0;
  daddr = 0;
  protocol = 0;
  type = 0;
  code = 0;
  info = 0;
  errno: Errno = '';
  fatal = false;
  offender = 0;
  ifindex = 0;

  /** See {@link Quote.payload}. */
  payload(): Uint8Array {
    const skip = Math.min(this.#transportLength(), this.length);
    const bytes = new Uint8Array(this.length - skip);
    for (let i = 0; i < bytes.length; i++) bytes[i] = this.view.getUint8(this.at + skip + i);
    return bytes;
  }

  /** Lets go of the packet. */
  clear(): void {
    this.view = NOBYTES;
    this.length = 0;
  }

  /** Bytes in the quoted transport header. */
  #transportLength(): number {
    switch (this.protocol) {
      case IPPROTO_UDP:
      case IPPROTO_ICMP:
        return 8;
      case IPPROTO_TCP:
        return this.length < 13 ? this.length : Math.max(20, (this.view.getUint8(this.at + 12) >>> 4) * 4);
      default:
        return 0;
    }
  }
}
