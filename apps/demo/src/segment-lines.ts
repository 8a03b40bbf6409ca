/**
 * A frame as the line that tcpdump prints of it, sequence numbers counted from the connection's first.
 * @module
 */
import * as arp from '@stack/arp';
import * as ethernet from '@stack/ethernet';
import * as ipv4 from '@stack/ipv4';
import { viewOf } from '@stack/skbuff';
import * as tcp from '@stack/tcp';
import { type Segment, segmentInFrame } from './inspect.ts';

/** Remembers where connections began. */
export class SegmentLines {
  /** Initial sequence numbers by end of a connection. */
  readonly #initial = new Map<string, number>();

  /** The line of a frame, without its time. */
  format(frame: Uint8Array): string {
    const view = viewOf(frame);
    const type = ethernet.protocol(view, 0);
    if (type === ethernet.ETH_P_ARP) return `ARP, ${arp.format(arp.decode(frame, ethernet.HLEN))}`;
    const segment = segmentInFrame(view, 0);
    if (segment !== undefined) return this.#line(segment, tcp.decode(frame, segment.transport));
    return type === ethernet.ETH_P_IP
      ? `IP ${ipv4.format(ipv4.decode(frame, ethernet.HLEN))}`
      : ethernet.format(ethernet.decode(frame));
  }

  /** `seq` of a segment from the one end, counted from the connection's first. */
  relative(address: number, port: number, seq: number): number {
    return (seq - (this.#initial.get(`${address}:${port}`) ?? 0)) >>> 0;
  }

  /** Takes note of a segment that begins a direction. */
  note({ saddr, source, seq, flags }: Pick<Segment, 'saddr' | 'source' | 'seq' | 'flags'>): void {
    if ((flags & tcp.SYN) !== 0) this.#initial.set(`${saddr}:${source}`, seq);
  }

  #line(segment: Segment, header: tcp.Header): string {
    const { saddr, daddr, source, dest, length, flags } = segment;
    this.note(segment);
    // As tcpdump: absolute in the segments with SYN, which is where the others count from.
    const isSyn = (flags & tcp.SYN) !== 0;
    const seq = isSyn ? header.seq : this.relative(saddr, source, header.seq);
    const ackSeq = isSyn ? header.ackSeq : this.relative(daddr, dest, header.ackSeq);
    const text = tcp.format({ ...header, seq, ackSeq }, length);
    const at = text.indexOf(' > ') + 3;
    return `IP ${ipv4.formatAddress(saddr)}.${source} > ${ipv4.formatAddress(daddr)}.${text.slice(at)}`;
  }
}
