/**
 * Calls that move bytes: all that is written is zeros.
 * @module
 */
import {
  MSG_DONTWAIT,
  MSG_FASTOPEN,
  POLLERR,
  POLLHUP,
  POLLIN,
  SIOCATMARK,
  type Socket,
  SocketError,
} from '@stack/socket';
import type { Expression } from '../script/script.ts';
import { hasBuffer, integerOf, isEllipsis, itemOf, requireCount } from './arguments.ts';
import { CallFault } from './fault.ts';
import { compareControl, iovOf, messageOf } from './message.ts';
import { type Handle, PIPE_SIZE, type World } from './process.ts';

type SocketHandle = Extract<Handle, { kind: 'socket' }>;

/** What a call is told besides its arguments. */
export interface CallContext {
  /** The clock's time at the script's 0, µs. */
  start: number;
  /** µs. */
  tolerance: number;
}

/** Bytes that a buffer of a call has at most. */
const MAX_BUFFER = 2 ** 28;

/** A buffer. @throws CallFault for one that is too large, or of no size at all. */
function bufferOf(length: number): Uint8Array {
  if (length >= 0 && length <= MAX_BUFFER) return new Uint8Array(length);
  throw new CallFault(`a buffer has up to ${MAX_BUFFER} bytes, and not ${length}`);
}

/** `write(4, ..., 1000)`. */
export function write(world: World, args: readonly Expression[]): Promise<number> {
  requireCount(args, 3);
  return send(world, 'write', socketOf(world, args), args[1], integerOf(args[2], 'the length'), 0, false);
}

/** `send(4, ..., 1000, MSG_MORE)`. */
export function sendCall(world: World, args: readonly Expression[]): Promise<number> {
  requireCount(args, 4);
  const flags = integerOf(args[3], 'the flags');
  return send(world, 'send', socketOf(world, args), args[1], integerOf(args[2], 'the length'), flags, false);
}

/** `sendto(4, ..., 1000, MSG_FASTOPEN, ..., ...)`. */
export function sendto(world: World, args: readonly Expression[]): Promise<number> {
  requireCount(args, 6);
  const flags = integerOf(args[3], 'the flags');
  const length = integerOf(args[2], 'the length');
  const handle = socketOf(world, args);
  const address = args[4];
  const isUnspecified = address?.kind === 'symbol' && address.name === 'AF_UNSPEC';
  return send(
    world,
    'sendto',
    handle,
    args[1],
    length,
    flags,
    isUnspecified ? 'unspec' : isEllipsis(address),
  );
}

async function send(
  world: World,
  call: string,
  handle: SocketHandle,
  buffer: Expression | undefined,
  length: number,
  flags: number,
  to: boolean | 'unspec',
): Promise<number> {
  const { socket } = handle;
  if (!hasBuffer(buffer) && length > 0) return refuseNull(call);
  const data = bufferOf(length);
  opensByData(world, handle, flags);
  if (to === 'unspec') return socket.sendto(data, { family: 'unspec' } as never, flags);
  const needsAddress = to && ((flags & MSG_FASTOPEN) !== 0 || isDatagram(socket));
  if (!needsAddress) return socket.send(data, flags);
  return socket.sendto(data, peerOf(world), flags);
}

/** `writev(4, [{..., 10}], 1)`. */
export async function writev(world: World, args: readonly Expression[]): Promise<number> {
  requireCount(args, 3);
  const { sizes, hasNull } = iovOf(args[1]);
  if (hasNull) return refuseNull('writev');
  return socketOf(world, args).socket.sendmsg({ data: sizes.map(bufferOf) });
}

/** `sendmsg(4, {…}, 0)`. */
export async function sendmsg(world: World, args: readonly Expression[]): Promise<number> {
  requireCount(args, 3);
  const handle = socketOf(world, args);
  const { sizes, hasNull } = messageOf(args[1]);
  if (hasNull) return refuseNull('sendmsg');
  const flags = integerOf(args[2], 'the flags');
  opensByData(world, handle, flags);
  const data = sizes.map(bufferOf);
  const needsAddress = (flags & MSG_FASTOPEN) !== 0 || isDatagram(handle.socket);
  return handle.socket.sendmsg(needsAddress ? { data, flags, address: peerOf(world) } : { data, flags });
}

/** `read(4, ..., 1000)`. */
export function read(world: World, args: readonly Expression[]): Promise<number> {
  requireCount(args, 3);
  return receive('read', socketOf(world, args), args[1], integerOf(args[2], 'the length'), 0);
}

/** `recv(4, ..., 1000, MSG_PEEK)`. */
export function recv(world: World, args: readonly Expression[]): Promise<number> {
  requireCount(args, 4);
  const flags = integerOf(args[3], 'the flags');
  return receive('recv', socketOf(world, args), args[1], integerOf(args[2], 'the length'), flags);
}

/** `recvfrom(4, ..., 1000, 0, ..., ...)`. */
export function recvfrom(world: World, args: readonly Expression[]): Promise<number> {
  requireCount(args, 6);
  const flags = integerOf(args[3], 'the flags');
  return receive('recvfrom', socketOf(world, args), args[1], integerOf(args[2], 'the length'), flags);
}

async function receive(
  call: string,
  { socket }: SocketHandle,
  buffer: Expression | undefined,
  length: number,
  flags: number,
): Promise<number> {
  if (hasBuffer(buffer) || length === 0) return socket.recvInto(bufferOf(length), flags);
  // There is nowhere to copy to; but that shows only when there is something to copy.
  const waits = !socket.nonblocking && (flags & MSG_DONTWAIT) === 0;
  const events = await socket.poll(POLLIN | POLLERR | POLLHUP, waits ? -1 : 0);
  if (events === 0) throw new SocketError(call, 'EAGAIN');
  return refuseNull(call);
}

/** `readv(4, [{..., 10}], 1)`. */
export async function readv(world: World, args: readonly Expression[]): Promise<number> {
  requireCount(args, 3);
  const { sizes, hasNull } = iovOf(args[1]);
  if (hasNull) return refuseNull('readv');
  const buffers = sizes.map(bufferOf);
  return (await socketOf(world, args).socket.recvmsg({ buffers })).length;
}

/** `recvmsg(4, {…}, MSG_ERRQUEUE)`. @throws CallFault where what comes along differs. */
export async function recvmsg(
  world: World,
  args: readonly Expression[],
  context: CallContext,
): Promise<number> {
  requireCount(args, 3);
  const message = messageOf(args[1]);
  const flags = integerOf(args[2], 'the flags');
  if (message.hasNull) return refuseNull('recvmsg');
  const buffers = message.sizes.map(bufferOf);
  const received = await socketOf(world, args).socket.recvmsg({ buffers, flags });
  if (message.flags !== undefined && message.flags !== received.flags) {
    throw new CallFault(`msg_flags is ${hex(received.flags)}, not ${hex(message.flags)}`, args[1]?.position);
  }
  if (message.control !== undefined) {
    compareControl(message.control, received.control, context.start, context.tolerance);
  }
  return received.length;
}

/** `sendfile(4, 5, [0], 5)`: the offset is told and moved on. */
export async function sendfile(world: World, args: readonly Expression[]): Promise<number> {
  requireCount(args, 4);
  const { socket } = socketOf(world, args);
  const file = world.process.get(integerOf(args[1], 'the descriptor of the file'));
  if (file.kind !== 'file') throw new SocketError('sendfile', 'EINVAL');
  const own = args[2]?.kind === 'symbol' && args[2].name === 'NULL';
  const offset = own ? file.offset : integerOf(itemOf(args[2], 'the offset'), 'the offset');
  const bytes = file.bytes.subarray(offset, offset + integerOf(args[3], 'the count'));
  if (bytes.length === 0) return 0;
  const count = await socket.send(bytes);
  if (own) file.offset += count;
  return count;
}

/** `splice(4, NULL, 6, NULL, 99, 0)`: a socket into a pipe, or a pipe into a socket. */
export async function splice(world: World, args: readonly Expression[]): Promise<number> {
  requireCount(args, 6);
  const from = world.process.get(integerOf(args[0], 'the descriptor'));
  const to = world.process.get(integerOf(args[2], 'the other descriptor'));
  const length = integerOf(args[4], 'the length');
  const waits = (integerOf(args[5], 'the flags') & 2) === 0;
  if (from.kind === 'socket' && to.kind === 'pipe' && to.end === 'write') {
    const room = Math.min(length, PIPE_SIZE - to.pipe.length);
    if (room === 0) throw new SocketError('splice', 'EAGAIN');
    const { socket } = from;
    // Urgent data stops it: what stands behind the mark is for recv() alone.
    if (socket.ioctl(SIOCATMARK) === 1) return 0;
    const count = await socket.recvInto(bufferOf(room), waits ? 0 : MSG_DONTWAIT);
    to.pipe.length += count;
    return count;
  }
  if (from.kind === 'pipe' && from.end === 'read' && to.kind === 'socket') {
    const count = await to.socket.send(bufferOf(Math.min(length, from.pipe.length)));
    from.pipe.length -= count;
    return count;
  }
  throw new SocketError('splice', 'EINVAL');
}

/** A send that opens a connection: from now on packets are its. */
function opensByData(world: World, handle: SocketHandle, flags: number): void {
  const { connection } = handle;
  if ((flags & MSG_FASTOPEN) === 0 || connection.stage !== 'new') return;
  connection.stage = 'connecting';
  connection.remotePort = world.config.connectPort;
  world.underTest = connection;
}

function peerOf(world: World): { address: string; port: number } {
  return { address: world.config.remoteIp, port: world.config.connectPort };
}

function socketOf(world: World, args: readonly Expression[]): SocketHandle {
  return world.process.socket(integerOf(args[0], 'the descriptor'));
}

function isDatagram(socket: Socket): boolean {
  return socket.type === 2;
}

function refuseNull(call: string): never {
  throw new SocketError(call, 'EFAULT');
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
