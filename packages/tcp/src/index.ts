/**
 * TCP on the wire: the RFC 9293 header with nine flags and every option, its checksum, and sequence number arithmetic. Use it
 * as a namespace: `import * as tcp from '@stack/tcp'`.
 * @packageDocumentation
 */
export { checksumOf, verify } from './checksum.ts';
export {
  ackSeq,
  checksum,
  dest,
  doff,
  flags,
  HLEN,
  headerLength,
  MAX_HLEN,
  res1,
  seq,
  source,
  urgPtr,
  window,
} from './fields.ts';
export { ACK, AE, CWR, ECE, FIN, formatFlags, PSH, RST, SYN, URG } from './flags.ts';
export { format, formatOption } from './format.ts';
export { groComplete, groEnds, groFollows, groMerge, groSame, groStarts } from './gro.ts';
export { gsoFixup } from './gso.ts';
export {
  CSUM_OFFSET,
  check,
  checkPacket,
  type Drop,
  decode,
  encode,
  type Header,
  type PushHeader,
  pull,
  push,
  read,
  size,
} from './header.ts';
export {
  type AccEcn,
  type Ao,
  type Eol,
  type Experimental,
  type FastOpen,
  MAX_TCP_OPTION_SPACE,
  type Malformed,
  type Md5,
  type Mptcp,
  type Mss,
  type Nop,
  type Option,
  type Raw,
  type Sack,
  type SackBlock,
  type SackPermitted,
  TCPOPT_ACCECN0,
  TCPOPT_ACCECN1,
  TCPOPT_AO,
  TCPOPT_EOL,
  TCPOPT_EXP,
  TCPOPT_EXP1,
  TCPOPT_FASTOPEN,
  TCPOPT_FASTOPEN_MAGIC,
  TCPOPT_MALFORMED,
  TCPOPT_MD5SIG,
  TCPOPT_MPTCP,
  TCPOPT_MSS,
  TCPOPT_NOP,
  TCPOPT_RAW,
  TCPOPT_SACK,
  TCPOPT_SACK_PERM,
  TCPOPT_TIMESTAMP,
  TCPOPT_UTO,
  TCPOPT_WINDOW,
  type Timestamps,
  type UserTimeout,
  type WindowScale,
} from './option-kinds.ts';
export {
  type OptionScan,
  optionScan,
  readOptions,
  SAW_ACCECN,
  SAW_AO,
  SAW_FASTOPEN,
  SAW_MALFORMED,
  SAW_MD5,
  SAW_MPTCP,
  SAW_MSS,
  SAW_SACK,
  SAW_SACK_PERM,
  SAW_TIMESTAMPS,
  SAW_UTO,
  SAW_WSCALE,
} from './option-scan.ts';
export { optionLength, optionsLength } from './option-write.ts';
export { type AccEcnCounters, accEcnCounters, fastOpenCookie, wireKind } from './options.ts';
export { after, before, between, seqAdd, seqAddInt, seqDiff } from './seq.ts';
export {
  accecnOptionLength,
  fastopenLength,
  TCPOLEN_SACK_BASE_ALIGNED,
  TCPOLEN_SACK_PERBLOCK,
  TCPOLEN_TSTAMP_ALIGNED,
  TCPOLEN_WORD,
  writeAccEcn,
  writeFastopen,
  writeHeader,
  writeMss,
  writeSack,
  writeSackPermitted,
  writeSackPermittedTimestamps,
  writeTimestamps,
  writeWscale,
} from './write.ts';
export { aoLength, TCPOLEN_MD5SIG_ALIGNED, writeAo, writeMd5 } from './write-auth.ts';
