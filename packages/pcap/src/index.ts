/**
 * pcap and pcapng capture files, read and written as streams: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng.
 * @packageDocumentation
 */
export { packets, packetsSync, records, recordsSync, type Source } from './iterate.ts';
export { formatLinkType, LINKTYPE } from './link-type.ts';
export { type PacketInput, PcapWriter, type PcapWriterOptions } from './pcap-writer.ts';
export {
  type InterfaceInput,
  PcapngWriter,
  type PcapngWriterOptions,
  type RecordInput,
} from './pcapng-writer.ts';
export { type Drop, Reader, type ReaderOptions } from './reader.ts';
export type {
  Block,
  CaptureRecord,
  Interface,
  Name,
  Names,
  Option,
  Packet,
  Section,
  Statistics,
  Timestamp,
} from './records.ts';
export { fromMicroseconds } from './time.ts';
