/**
 * Header codecs: `check`, `checkPacket`, `decode`, `encode` and `format` on any bytes.
 * @module
 */
import { viewOf } from '@stack/skbuff';
import { hashOf } from '../random.ts';
import { ACCEPTED, must, refusalOf, sameBytes, type Target } from '../target.ts';

/** What the laws use of a codec package. */
export interface HeaderCodec<Header> {
  HLEN: number;
  check(view: DataView, at: number, end: number): string | undefined;
  checkPacket(view: DataView, at: number, end: number, len: number): string | undefined;
  headerLength(view: DataView, at: number): number;
  size(header: Header): number;
  decode(bytes: Uint8Array, offset?: number): Header;
  encode(header: Header, into?: Uint8Array, offset?: number): Uint8Array;
  format(header: Header): string;
}

/** Headers are encoded into this, over whatever the last one left. */
const into = new Uint8Array(8192 + 16);

/**
 * A header or a coded refusal; `check` and `decode` agree; what decoded encodes to the same bytes. `more` holds what else the
 * package says of a header that decoded.
 */
export function headerTarget<Header>(
  name: string,
  codec: HeaderCodec<Header>,
  seeds: (seed: number) => Uint8Array[],
  more: (view: DataView, header: Header) => void = () => {},
): Target {
  const trial = (bytes: Uint8Array): string => {
    const { length } = bytes;
    const view = viewOf(bytes);
    const drop = codec.check(view, 0, length);
    const packetDrop = codec.checkPacket(view, 0, length, length);
    if (drop !== undefined) {
      must(packetDrop !== undefined, `check says ${drop}, checkPacket nothing`);
      must(refusedWith(codec, bytes) === drop, `check says ${drop}, decode another`);
      return drop;
    }
    const header = codec.decode(bytes);
    const size = codec.size(header);
    must(size >= codec.HLEN && size <= length, `a header of ${size} bytes in ${length}`);
    must(
      codec.headerLength(view, 0) === size,
      `headerLength is not size: ${codec.headerLength(view, 0)}, ${size}`,
    );
    more(view, header);
    const hash = hashOf(bytes);
    const offset = hash & 7;
    codec.encode(header, into, offset);
    must(
      sameBytes(offset === 0 ? into : into.subarray(offset), bytes, size),
      'encode does not give the bytes back',
    );
    if ((hash & 0x70) === 0) must(/^[^\n\r]+$/.test(codec.format(header)), 'format gives no line');
    return packetDrop ?? ACCEPTED;
  };
  return { name, seeds, trial };
}

function refusedWith<Header>(codec: HeaderCodec<Header>, bytes: Uint8Array): string {
  try {
    codec.decode(bytes);
  } catch (error) {
    return refusalOf(error, bytes.length).code;
  }
  return ACCEPTED;
}
