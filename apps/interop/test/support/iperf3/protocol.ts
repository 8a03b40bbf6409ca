/**
 * iperf3's control connection: a cookie, states of one byte, and JSON behind its length.
 * @module
 */

import type { Socket } from '@stack/socket';
import { receive } from '../bytes.ts';

/** Bytes of a cookie: 36 letters and a NUL. Every connection of a test begins with it. */
export const COOKIE_SIZE = 37;
/** Where iperf3 listens. */
export const PORT = 5201;

/** States, as they go over the control connection. */
export const TEST_START = 1;
export const TEST_RUNNING = 2;
export const TEST_END = 4;
export const PARAM_EXCHANGE = 9;
export const CREATE_STREAMS = 10;
export const EXCHANGE_RESULTS = 13;
export const DISPLAY_RESULTS = 14;
export const IPERF_DONE = 16;

/** What a client asks for; more than this is in it. */
export interface Params {
  tcp: boolean;
  /** Seconds. */
  time: number;
  /** Bytes in place of a time; 0 = none. */
  num: number;
  parallel: number;
  /** The server sends, whatever the value is. */
  reverse?: true;
  /** Bytes of a write. */
  len: number;
  [more: string]: unknown;
}

/** What each side tells at the end. */
export interface Results {
  cpu_util_total: number;
  cpu_util_user: number;
  cpu_util_system: number;
  /** 0 or 1; -1 where nothing was sent. */
  sender_has_retransmits: number;
  streams: { id: number; bytes: number; retransmits: number; [more: string]: unknown }[];
}

/** Streams are numbered 1, 3, 4, 5, … */
export function streamId(index: number): number {
  return index === 0 ? 1 : index + 2;
}

/** Results of one side. */
export function results(
  streams: readonly { bytes: number; retransmits: number }[],
  seconds: number,
): Results {
  return {
    cpu_util_total: 0,
    cpu_util_user: 0,
    cpu_util_system: 0,
    sender_has_retransmits: 1,
    streams: streams.map(({ bytes, retransmits }, index) => ({
      id: streamId(index),
      bytes,
      retransmits,
      jitter: 0,
      errors: 0,
      omitted_errors: 0,
      packets: 0,
      omitted_packets: 0,
      start_time: 0,
      end_time: seconds,
    })),
  };
}

export async function receiveState(socket: Socket): Promise<number> {
  return (await receive(socket, 1)).readInt8();
}

/** Waits for one state. */
export async function expectState(socket: Socket, state: number): Promise<void> {
  const got = await receiveState(socket);
  if (got !== state) throw new Error(`iperf3: state ${got} where ${state} was due`);
}

export function sendState(socket: Socket, state: number): Promise<void> {
  return socket.sendall(Uint8Array.of(state));
}

export async function receiveJson(socket: Socket): Promise<unknown> {
  const length = (await receive(socket, 4)).readUInt32BE();
  if (length > 0x10_0000) throw new Error(`iperf3: ${length} bytes of JSON`);
  return JSON.parse((await receive(socket, length)).toString());
}

export async function sendJson(socket: Socket, value: unknown): Promise<void> {
  const text = Buffer.from(JSON.stringify(value));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  await socket.sendall(Buffer.concat([length, text]));
}
