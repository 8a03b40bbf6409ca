/**
 * What a capture file holds, one plain object a record: the same shapes the reader gives and the writers take.
 * @module
 */

/** A moment, exact to the nanosecond; a finer tick of the file is cut off. */
export interface Timestamp {
  /** Whole seconds since 1970-01-01T00:00:00Z; negative before. */
  seconds: number;
  /** 0..999_999_999, nanoseconds on top of `seconds`. */
  nanoseconds: number;
}

/** An option of a pcapng block that has no field of its own here, kept byte for byte. */
export interface Option {
  /** Option code, u16; its meaning depends on the block. */
  code: number;
  /** Value without padding, up to 65535 bytes; numbers in it have the byte order of the section. */
  value: Uint8Array;
}

/** Start of a capture file, or of a later section of a pcapng file; interfaces are counted anew after it. */
export interface Section {
  type: 'section';
  format: 'pcap' | 'pcapng';
  /** Byte order of every number up to the next section. */
  littleEndian: boolean;
  /** Format version: 2.4 for pcap, 1.0 for pcapng. */
  major: number;
  minor: number;
  comments: string[];
  /** shb_hardware: the machine that captured. */
  hardware: string | undefined;
  /** shb_os: its operating system. */
  os: string | undefined;
  /** shb_userappl: the program that captured. */
  application: string | undefined;
  options: Option[];
}

/** Where packets were captured; pcap files have exactly one. */
export interface Interface {
  type: 'interface';
  /** Position in its section, from 0: what `Packet.interface` refers to. */
  id: number;
  /** LINKTYPE number, u16: what the first byte of a packet is. */
  linkType: number;
  /** Most bytes captured of one packet, u32; 0 means no limit. */
  snapLength: number;
  /** if_name, such as `eth0`. */
  name: string | undefined;
  /** if_description. */
  description: string | undefined;
  comments: string[];
  /** if_tsresol, u8: ticks a second are 10 to this power, or 2 to the low seven bits when the top bit is set. */
  timestampResolution: number;
  /** if_tsoffset, seconds to add to every timestamp of the file. */
  timestampOffset: number;
  /** Length of the frame check sequence in bits, u8; undefined where the file does not say. */
  fcsLength: number | undefined;
  options: Option[];
}

/** One captured packet. */
export interface Packet {
  type: 'packet';
  /** `id` of its {@link Interface}. */
  interface: number;
  /** LINKTYPE number of its interface. */
  linkType: number;
  /** undefined for a Simple Packet Block, which has none. */
  timestamp: Timestamp | undefined;
  /** Bytes the packet had on the wire, u32; `data` may hold fewer. */
  originalLength: number;
  /** What was captured: the receiver's own copy. */
  data: Uint8Array;
  comments: string[];
  /** epb_flags, u32 (direction, reception type, FCS length, errors); undefined where not recorded. */
  flags: number | undefined;
  options: Option[];
}

/** One entry of {@link Names}. */
export interface Name {
  /** 1 IPv4, 2 IPv6, 3 EUI-48, 4 EUI-64; others are handed over with everything in `address`. */
  type: number;
  address: Uint8Array;
  names: string[];
}

/** A Name Resolution Block. */
export interface Names {
  type: 'names';
  entries: Name[];
  comments: string[];
  options: Option[];
}

/** An Interface Statistics Block; counters are exact up to 2^53 and undefined where not recorded. */
export interface Statistics {
  type: 'statistics';
  /** `id` of the {@link Interface} it counts. */
  interface: number;
  timestamp: Timestamp;
  startTime: Timestamp | undefined;
  endTime: Timestamp | undefined;
  /** isb_ifrecv: packets the interface received. */
  received: number | undefined;
  /** isb_ifdrop: packets it dropped for lack of resources. */
  dropped: number | undefined;
  comments: string[];
  options: Option[];
}

/** Any other pcapng block (custom, decryption secrets, unknown), handed over as it stands. */
export interface Block {
  type: 'block';
  /** Block type, u32. */
  blockType: number;
  /** Everything between the two length fields; a multiple of four bytes. */
  body: Uint8Array;
}

/** Everything {@link Reader} can give. */
export type CaptureRecord = Section | Interface | Packet | Names | Statistics | Block;
