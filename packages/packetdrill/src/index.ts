/**
 * Runs packetdrill scripts against a host of `@stack/host`, in virtual time: text in, result out.
 * @packageDocumentation
 */

export type { IpVersion } from './config.ts';
export { type Failure, type FailureKind, formatFailure, type Result } from './result.ts';
export { type RunOptions, run } from './run.ts';
export { type ParseOptions, parse } from './script/parse.ts';
export type {
  CallEvent,
  CallResult,
  CodeEvent,
  Command,
  CommandEvent,
  Direction,
  Event,
  EventTime,
  Expression,
  IcmpPacket,
  IpFields,
  Packet,
  PacketEvent,
  Script,
  ScriptOption,
  TcpPacket,
  UdpPacket,
} from './script/script.ts';
export { isScriptError, ScriptError } from './script-error.ts';
