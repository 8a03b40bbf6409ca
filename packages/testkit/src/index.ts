/**
 * The law suite every codec of this repository registers, and the hexadecimal text its tables are written in.
 * @module
 */
export type { TestApi } from './api.ts';
export {
  bounded,
  CODEC_LAWS,
  type Codec,
  type CodecLaw,
  type CodecLawOptions,
  codecLaws,
  judgeBytes,
  placement,
  plain,
  prefixRefused,
  readersAgree,
  roundTrip,
  shortTarget,
  total,
} from './codec-laws.ts';
export { DEVICE_LAWS, deviceLaws } from './device-laws.ts';
export type { DeviceBench, DeviceLaw, DeviceLawOptions, LawDevice, MakeDevices } from './device-rig.ts';
export { bytesOf, hex, toHex } from './hex.ts';
export { hostile } from './hostile.ts';
export {
  addFrag,
  build,
  type Geometry,
  geometry,
  type Layout,
  layouts,
  payloads,
  withPool,
} from './packets.ts';
export {
  type PacketCodec,
  paddingTrimmed,
  pullRefused,
  pullTotal,
  pullUndoesPush,
  pushRefused,
  SKB_LAWS,
  type SkbLaw,
  type SkbLawOptions,
  skbLaws,
  splitHeader,
} from './skb-laws.ts';
export { type Refusal, reads, refusals, refuses, type Vector, vectors } from './tables.ts';
