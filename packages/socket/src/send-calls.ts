/**
 * `send`, `sendto`, `sendmsg`: what each takes.
 * @module
 */
import type { AddressInput, WireAddress } from './address.ts';
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
  const fits = control.length === 0 || controlSize(control) <= core.kernel.sysctl.optmem_max;
  const sending = fits ? send(core, buffers, address, control, message) : 'ENOBUFS';
  const result = sending instanceof Promise ? await sending : sending;
  core.kernel.woke();
  call?.end(result);
  return finish(core, 'sendmsg', result, address, message);
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
