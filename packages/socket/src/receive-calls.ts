/**
 * `recv`, `recvfrom`, `recvInto`, `recvmsg`: what each hands over.
 * @module
 */
import type { SocketAddress } from './address.ts';
import type { ControlMessage } from './control.ts';
import type { CallOptions, Core } from './core.ts';
import type { Errno, ReceiveMessage } from './ports.ts';
import { receive, receiveMessage, rightSized } from './receive.ts';
import { type TracedBytes, traced } from './trace.ts';
import { begin, type Traced } from './tracing.ts';

/** What `recvfrom` gives. */
export interface ReceivedFrom {
  data: Uint8Array;
  /** Who sent it; `undefined` on a stream. */
  address: SocketAddress | undefined;
}

/** What `recvmsg` is asked. */
export interface ReceiveRequest extends CallOptions {
  /** At most so many bytes, into a buffer of its own. Default: what is in `buffers`. */
  length?: number;
  /** Buffers to fill one after the other, instead. */
  buffers?: readonly Uint8Array[];
}

/** What `recvmsg` gives. */
export interface Received {
  /** The bytes; where `buffers` were given, they are in those, and this is empty. */
  data: Uint8Array;
  /** How many bytes; with MSG_TRUNC, how long the datagram was. */
  length: number;
  /** Who sent it; of an error, where the packet at fault was going; `undefined` on a stream. */
  address: SocketAddress | undefined;
  /** Ancillary data. */
  control: readonly ControlMessage[];
  /** `MSG_TRUNC`, `MSG_CTRUNC`, `MSG_ERRQUEUE`, … */
  flags: number;
}

/** See `Socket.recv`. */
export async function recv(core: Core, length: number, options: CallOptions): Promise<Uint8Array> {
  const { data } = await receiveFrom(core, 'recv', false, length, options);
  return data;
}

/** See `Socket.recvfrom`. */
export function recvfrom(core: Core, length: number, options: CallOptions): Promise<ReceivedFrom> {
  return receiveFrom(core, 'recvfrom', true, length, options);
}

async function receiveFrom(
  core: Core,
  syscall: string,
  wantsAddress: boolean,
  length: number,
  options: CallOptions,
): Promise<ReceivedFrom> {
  requireLength(length);
  const { flags = 0 } = options;
  const call = beginRecvfrom(core, length, flags, wantsAddress);
  const message = receiveMessage(flags, wantsAddress, false);
  const room = rightSized(core, length, flags);
  let buffer = NOTHING;
  const keep = (): Uint8Array => {
    buffer = room();
    return buffer;
  };
  const receiving = receive(core, keep, length, message, options);
  const result = receiving instanceof Promise ? await receiving : receiving;
  core.kernel.woke();
  endRecvfrom(call, buffer, result, message);
  if (typeof result === 'string') throw failure(core, syscall, result, options);
  const count = Math.min(result, buffer.length); // MSG_TRUNC tells more than there is
  return { data: count === buffer.length ? buffer : buffer.slice(0, count), address: message.address };
}

/** See `Socket.recvInto`. */
export async function recvInto(core: Core, buffer: Uint8Array, options: CallOptions): Promise<number> {
  const { flags = 0 } = options;
  const call = beginRecvfrom(core, buffer.length, flags, false);
  const message = receiveMessage(flags, false, false);
  const receiving = receive(core, () => buffer, buffer.length, message, options);
  const result = receiving instanceof Promise ? await receiving : receiving;
  core.kernel.woke();
  endRecvfrom(call, buffer, result, message);
  if (typeof result === 'string') throw failure(core, 'recv', result, options);
  return result;
}

/** See `Socket.recvmsg`. */
export async function recvmsg(core: Core, request: ReceiveRequest): Promise<Received> {
  const { flags = 0, buffers } = request;
  const sizes = buffers === undefined ? [request.length ?? 0] : buffers.map(({ length }) => length);
  const length = sizes.reduce((sum, size) => sum + size, 0);
  requireLength(length);
  const { fd, proto } = core;
  const call = begin(core, () => ({
    name: 'recvmsg',
    fd,
    family: proto.family,
    type: proto.type,
    sizes,
    flags,
    buffers: [],
    address: undefined,
    control: [],
    messageFlags: 0,
  }));
  const message = receiveMessage(flags, true, true);
  const single = buffers?.length === 1 ? buffers[0] : undefined;
  const room = single === undefined ? rightSized(core, length, flags) : () => single;
  let buffer = NOTHING;
  const keep = (): Uint8Array => {
    buffer = room();
    return buffer;
  };
  const receiving = receive(core, keep, length, message, request);
  const result = receiving instanceof Promise ? await receiving : receiving;
  core.kernel.woke();
  if (typeof result === 'string') {
    call?.end(result);
    throw failure(core, 'recvmsg', result, request);
  }
  const count = Math.min(result, buffer.length);
  if (buffers !== undefined && single === undefined) scatter(buffer, count, buffers);
  const { control } = message;
  call?.end(result, {
    buffers: pieces(call, buffer, count, sizes),
    address: message.address,
    control,
    messageFlags: message.messageFlags,
  });
  return {
    data: buffers === undefined ? buffer.subarray(0, count) : NOTHING,
    length: result,
    address: message.address,
    control,
    flags: message.messageFlags,
  };
}

export function beginRecvfrom(
  core: Core,
  size: number,
  flags: number,
  wantsAddress: boolean,
): Traced | undefined {
  const buffer: TracedBytes = { data: NOTHING, length: 0 };
  const { fd, proto } = core;
  const { family } = proto;
  return begin(core, () => ({
    name: 'recvfrom',
    fd,
    family,
    size,
    flags,
    wantsAddress,
    buffer,
    address: undefined,
  }));
}

export function endRecvfrom(
  call: Traced | undefined,
  bytes: Uint8Array,
  result: number | Errno,
  { address }: ReceiveMessage,
): void {
  if (call === undefined) return;
  if (typeof result === 'string') call.end(result);
  else {
    call.end(result, { buffer: traced(call.tracer, bytes, 0, Math.min(result, bytes.length)), address });
  }
}

/** What a trace keeps of each buffer that was filled. */
function pieces(call: Traced, bytes: Uint8Array, count: number, sizes: readonly number[]): TracedBytes[] {
  const list: TracedBytes[] = [];
  let at = 0;
  for (const size of sizes) {
    const length = Math.min(size, count - at);
    list.push(traced(call.tracer, bytes, at, length));
    at += length;
  }
  return list;
}

function scatter(bytes: Uint8Array, count: number, buffers: readonly Uint8Array[]): void {
  let at = 0;
  for (const into of buffers) {
    const length = Math.min(into.length, count - at);
    into.set(bytes.subarray(at, at + length));
    at += length;
  }
}

export function failure(core: Core, syscall: string, errno: Errno, { signal }: CallOptions): unknown {
  return errno === 'EINTR' && signal?.aborted ? signal.reason : core.error(syscall, errno);
}

function requireLength(length: number): void {
  if (!Number.isSafeInteger(length) || length < 0)
    throw new RangeError(`socket: cannot receive ${length} bytes`);
}

const NOTHING: Uint8Array = /* @__PURE__ */ new Uint8Array(0);
