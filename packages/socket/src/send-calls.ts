/**
 * `send`, `sendto`, `sendmsg`: what each takes.
 * @module
 */
import type { AddressInput, WireAddress } from './address.ts';
import { SO_MARK, SOL_SOCKET } from './constants/so.ts';
import { type ControlMessage, controlSize } from './control.ts';
import type { CallOptions, Core } from './core.ts';
import { toBytes } from './platform.ts';
import type { Errno } from './ports.ts';
import { send } from './send.ts';
import { traced } from './trace.ts';
import { begin } from './tracing.ts';

/** What `sendmsg` takes. */
export interface SendRequest extends CallOptions {
  /** Bytes, text as UTF-8, or several buffers. */
  data: Uint8Array | string | readonly Uint8Array[];
  /** Where to. Default: where the socket is connected to. */
  address?: AddressInput;
  /** Ancillary data. */
  control?: readonly ControlMessage[];
}

/** See `Socket.send` and `Socket.sendto`. */
export async function sendto(
  core: Core,
  syscall: string,
  bytes: Uint8Array,
  address: WireAddress | undefined,
  options: CallOptions,
): Promise<number> {
  const { fd } = core;
  const { flags = 0 } = options;
  const call = begin(core, (tracer) => ({
    name: 'sendto',
    fd,
    buffer: traced(tracer, bytes, 0, bytes.length),
    flags,
    address,
  }));
  const sending = send(core, [bytes], address, [], options);
  const result = sending instanceof Promise ? await sending : sending;
  core.kernel.woke();
  call?.end(result);
  return finish(core, syscall, result, address, options);
}

/** See `Socket.sendmsg`. */
export async function sendmsg(
  core: Core,
  message: SendRequest,
  address: WireAddress | undefined,
): Promise<number> {
  const { fd } = core;
  const { data, flags = 0, control = [] } = message;
  const buffers = data instanceof Uint8Array || typeof data === 'string' ? [toBytes(data)] : data;
  const call = begin(core, (tracer) => ({
    name: 'sendmsg',
    fd,
    buffers: buffers.map((bytes) => traced(tracer, bytes, 0, bytes.length)),
    flags,
    address,
    control,
  }));
  const sending = refusal(core, control) ?? send(core, buffers, address, control, message);
  const result = sending instanceof Promise ? await sending : sending;
  core.kernel.woke();
  call?.end(result);
  return finish(core, 'sendmsg', result, address, message);
}

/** What is wrong with control messages of any protocol. */
function refusal({ kernel }: Core, control: readonly ControlMessage[]): Errno | undefined {
  if (control.length === 0) return undefined;
  if (controlSize(control) > kernel.sysctl.optmem_max) return 'ENOBUFS';
  const marks = control.some(({ level, type }) => level === SOL_SOCKET && type === SO_MARK);
  return marks && !kernel.capable('CAP_NET_RAW') && !kernel.capable('CAP_NET_ADMIN') ? 'EPERM' : undefined;
}

function finish(
  core: Core,
  syscall: string,
  result: number | Errno,
  address: WireAddress | undefined,
  { signal }: CallOptions,
): number {
  if (typeof result === 'number') return result;
  if (result === 'EINTR' && signal?.aborted) throw signal.reason;
  throw core.error(syscall, result, address);
}
