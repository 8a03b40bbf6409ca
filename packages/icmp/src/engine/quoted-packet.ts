/**
 * An error as sockets get it.
 * @module
 */
import { viewOf } from '@stack/skbuff';
import type { Errno, Quote } from './ports.ts';

const NOBYTES: DataView = /* @__PURE__ */ viewOf(/* @__PURE__ */ new Uint8Array(0));
const IPPROTO_UDP = 17;
/** Bytes in a UDP header. */
const UDP_HLEN = 8;

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
    const skip = this.protocol === IPPROTO_UDP ? UDP_HLEN : 0;
    const bytes = new Uint8Array(this.length - skip);
    for (let i = 0; i < bytes.length; i++) bytes[i] = this.view.getUint8(this.at + skip + i);
    return bytes;
  }

  /** Lets go of the packet. */
  clear(): void {
    this.view = NOBYTES;
    this.length = 0;
  }
}
