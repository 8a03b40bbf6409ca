/**
 * Receiving without a copy: what TCP_ZEROCOPY_RECEIVE is on Linux, where pages change their owner. Here views of the packets' bytes are lent.
 * @module
 */

import { MSG_DONTWAIT } from './constants/messages.ts';
import type { CallOptions, Core } from './core.ts';
import type { LentViews } from './ports.ts';
import { receiveMessage } from './receive.ts';
import { beginRecvfrom, endRecvfrom, failure } from './receive-calls.ts';
import { isInterrupt, serve, WAIT } from './wait.ts';

/** Received bytes where they lie: of a stream, in order. */
export interface ReceivedViews {
  /** None when the peer sends no more. Not to be touched after {@link release}. */
  readonly views: readonly Uint8Array[];
  /** Bytes in all of them. */
  readonly length: number;
  /** Gives them back. Until then they take their part of SO_RCVBUF, and with it of the window. A second call does nothing. */
  release(): void;
}

/** See `Socket.recvViews`. */
export async function recvViews(core: Core, length: number, options: CallOptions): Promise<ReceivedViews> {
  if (!Number.isSafeInteger(length) || length < 1)
    throw new RangeError(`socket: cannot receive ${length} bytes`);
  const { flags = 0, signal } = options;
  const call = beginRecvfrom(core, length, flags, false);
  const patience = core.patience((flags & MSG_DONTWAIT) !== 0, core.rcvtimeo, signal);
  const serving = serve(core, 'readers', patience, () => {
    const { proto } = core;
    if (proto.recvViews === undefined || (flags & ~MSG_DONTWAIT) !== 0) return 'EOPNOTSUPP';
    const lent = core.run((now) => proto.recvViews?.(now, length) ?? 'EOPNOTSUPP');
    return lent === 'EAGAIN' ? WAIT : lent;
  });
  const end = serving instanceof Promise ? await serving : serving;
  core.kernel.woke();
  const result = isInterrupt(end) ? core.errnoOf(end, 'EAGAIN') : end;
  const text = call === undefined || typeof result === 'string' ? NOTHING : joined(result);
  endRecvfrom(
    call,
    text,
    typeof result === 'string' ? result : result.length,
    receiveMessage(flags, false, false),
  );
  if (typeof result === 'string') throw failure(core, 'recv', result, options);
  let isLent = true;
  const release = (): void => {
    if (!isLent) return;
    isLent = false;
    core.run((now) => result.release(now));
  };
  return { views: result.views, length: result.length, release };
}

function joined({ views, length }: LentViews): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const view of views) {
    whole.set(view, at);
    at += view.length;
  }
  return whole;
}

const NOTHING: Uint8Array = /* @__PURE__ */ new Uint8Array(0);
