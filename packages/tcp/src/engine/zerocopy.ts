/**
 * `MSG_ZEROCOPY`: sends reference the application's own bytes; when the last reference is gone the error queue says so.
 * @module
 */
import type { Page } from '@stack/skbuff';
import { type ExtendedError, POLLERR, SO_EE_ORIGIN_ZEROCOPY } from '@stack/skbuff/sock';
import type { TcpSock } from './tcb.ts';

/** `ee_code`: the bytes were copied after all. */
const SO_EE_CODE_ZEROCOPY_COPIED = 1;
const NOTHING = /* @__PURE__ */ new Uint8Array(0);

/** What a socket remembers of its zero-copy sends. */
export interface ZerocopyState {
  /** Number of the next send, u32. */
  next: number;
  /** The send that may go on. */
  open: ZerocopySend | undefined;
}

/** One send that references the application's bytes, over all its attempts. */
export interface ZerocopySend {
  readonly number: number;
  /** Pages that the network holds, and one while the send goes on. */
  refs: number;
  /** Somebody on the way copied some of them. */
  copied: boolean;
}

/** Begins a send, or goes on with the one that has queued `queued` bytes. */
export function beginZerocopy(sk: TcpSock, queued: number): ZerocopySend {
  sk.zerocopyState ??= { next: 0, open: undefined };
  const state = sk.zerocopyState;
  if (queued > 0 && state.open !== undefined) return state.open;
  endZerocopy(sk);
  return { number: state.next, refs: 1, copied: false };
}

/** An attempt is over: from now on the network holds the page with its bytes. A send that queued nothing has no number. `isWhole`: it was the last one. */
export function finishZerocopy(
  sk: TcpSock,
  send: ZerocopySend,
  page: Page,
  copied: number,
  isWhole: boolean,
): void {
  const state = sk.zerocopyState as ZerocopyState;
  if (copied > 0) {
    if (state.open !== send) state.next = (send.number + 1) >>> 0;
    state.open = send;
    send.refs++;
    page.onRelease = () => {
      if (page.copied) send.copied = true;
      release(sk, send);
    };
  }
  page.put();
  if (isWhole) endZerocopy(sk);
}

/** The send that went on does so no more. */
export function endZerocopy(sk: TcpSock): void {
  const state = sk.zerocopyState;
  const send = state?.open;
  if (state === undefined || send === undefined) return;
  state.open = undefined;
  release(sk, send);
}

function release(sk: TcpSock, send: ZerocopySend): void {
  send.refs--;
  if (send.refs === 0) completed(sk, send);
}

/** Reports that the bytes of a send are free; sends that follow each other in one report (Linux `skb_zerocopy_notify_extend`). */
function completed(sk: TcpSock, { number, copied }: ZerocopySend): void {
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
    code: copied ? SO_EE_CODE_ZEROCOPY_COPIED : 0,
    info: number,
    data: number,
    offender: undefined,
    address: undefined,
    port: 0,
    payload: NOTHING,
  };
  sk.queueError(report);
}
