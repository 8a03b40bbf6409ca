/**
 * The segment that is being processed, read out of its packet once. One per engine, used again for every packet.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { ackSeq, dest, flags, headerLength, seq, source, urgPtr, window } from '../fields.ts';
import { FIN, SYN } from '../flags.ts';
import { type OptionScan, optionScan, readOptions, SAW_SACK, SAW_TIMESTAMPS } from '../option-scan.ts';
import { CB_END_SEQ, CB_FLAGS, CB_SEQ } from './cb.ts';
import type { TcpSock } from './tcb.ts';

/** Fields of a received segment: RFC 9293's SEG.SEQ and so on. */
export class Segment {
  /** Peer's port, ours. */
  source = 0;
  dest = 0;
  /** First sequence number, int32. */
  seq = 0;
  /** One past the last, SYN and FIN counted. */
  endSeq = 0;
  ackSeq = 0;
  flags = 0;
  /** The ECN bits of its IP header (RFC 3168 §5). */
  ecn = 0;
  /** As on the wire, not scaled. */
  window = 0;
  urgPtr = 0;
  /** Bytes of header. */
  headerLength = 0;
  /** Bytes of payload. */
  len = 0;
  readonly options: OptionScan = optionScan();

  /** Reads the header at `data`, which is linear and was judged, and notes in the control block what queues need. */
  read(skb: SkBuff): void {
    const { view, data, cb } = skb;
    const length = headerLength(view, data);
    const bits = flags(view, data);
    const first = seq(view, data);
    const end = (first + skb.len - length + (bits & FIN) + ((bits & SYN) >> 1)) | 0;
    this.source = source(view, data);
    this.dest = dest(view, data);
    this.seq = first;
    this.endSeq = end;
    this.ackSeq = ackSeq(view, data);
    this.flags = bits;
    this.ecn = skb.tos & 3;
    this.window = window(view, data);
    this.urgPtr = urgPtr(view, data);
    this.headerLength = length;
    this.len = skb.len - length;
    cb[CB_SEQ] = first;
    cb[CB_END_SEQ] = end;
    cb[CB_FLAGS] = bits;
  }

  /** Reads the options: `options.saw` tells which were there. */
  readOptions(skb: SkBuff): void {
    this.options.saw = 0;
    if (this.headerLength > 20) readOptions(skb.view, skb.data, this.options);
  }

  /** Reads the options of a connection: timestamps where both agreed on them, and SACK blocks, for whom {@link hasSack} tells. */
  readEstablished(skb: SkBuff, sk: TcpSock): void {
    sk.sawTstamp = false;
    this.readOptions(skb);
    if (sk.tstampOk && (this.options.saw & SAW_TIMESTAMPS) !== 0) this.takeTimestamps(sk);
  }

  /** Whether it has SACK blocks that mean something to `sk`. */
  hasSack(sk: TcpSock): boolean {
    return sk.sackOk && (this.options.saw & SAW_SACK) !== 0;
  }

  /** Hands the timestamps, which were seen, to the socket; the echo is back on our clock. */
  takeTimestamps(sk: TcpSock): void {
    const { tsecr, tsval } = this.options;
    sk.sawTstamp = true;
    sk.rcvTsval = tsval;
    sk.rcvTsecr = tsecr === 0 ? 0 : (tsecr - sk.tsoffset) | 0;
  }
}
