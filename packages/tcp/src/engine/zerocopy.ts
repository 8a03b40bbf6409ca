/**
 * `MSG_ZEROCOPY`: sends reference the application's own bytes; when the last reference is gone the error queue says so.
 * @module
 */
import { type Page, wrapPage } from '@stack/skbuff';
import { type ExtendedError, POLLERR, SO_EE_ORIGIN_ZEROCOPY } from '@stack/skbuff/sock';
import type { TcpSock } from './tcb.ts';

const NOTHING = /* @__PURE__ */ new Uint8Array(0);

/** Numbering of a socket's zero-copy sends. */
export interface ZerocopyState {
  /** Number of the next send, u32. */
  next: number;
}

/** One send that references the application's bytes. */
export interface ZerocopySend {
  readonly page: Page;
  readonly number: number;
}

/** Wraps the bytes. The page has one reference, which {@link finishZerocopy} drops. */
export function beginZerocopy(sk: TcpSock, bytes: Uint8Array): ZerocopySend {
  sk.zerocopyState ??= { next: 0 };
  return { page: wrapPage(bytes), number: sk.zerocopyState.next };
}

/** The send is queued: from now on the network holds the bytes. One that took nothing has no number. */
export function finishZerocopy(sk: TcpSock, send: ZerocopySend, copied: number): void {
  const state = sk.zerocopyState as ZerocopyState;
  if (copied > 0) {
    state.next = (state.next + 1) >>> 0;
    send.page.onRelease = () => completed(sk, send.number);
  }
  send.page.put();
}

/** Reports that the bytes of a send are free; sends that follow each other in one report (Linux `skb_zerocopy_notify_extend`). */
function completed(sk: TcpSock, number: number): void {
  if (sk.destroyed) return;
  const last = sk.errorQueue?.[sk.errorQueue.length - 1];
  if (last !== undefined && last.origin === SO_EE_ORIGIN_ZEROCOPY && (last.data + 1) >>> 0 === number) {
    last.data = number;
    sk.wake?.(sk, POLLERR);
    return;
  }
  const report: ExtendedError = {
    errno: '',
    origin: SO_EE_ORIGIN_ZEROCOPY,
    type: 0,
    code: 0,
    info: number,
    data: number,
    offender: undefined,
    address: undefined,
    port: 0,
    payload: NOTHING,
  };
  sk.queueError(report);
}
