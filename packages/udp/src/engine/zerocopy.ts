/**
 * Telling that a zero-copy send is done with its bytes (Linux `msg_zerocopy_callback`).
 * @module
 */
import { POLLERR, SO_EE_ORIGIN_ZEROCOPY } from '@stack/skbuff/sock';
import type { UdpSock } from './udp-sock.ts';

const NOTHING: Uint8Array = /* @__PURE__ */ new Uint8Array(0);

/** Send number `key` is done: lengthens the last range in the error queue, or begins one. A full queue loses it, as in Linux. */
export function zerocopyDone(sk: UdpSock, key: number): void {
  if (sk.closed) return; // nobody is left to be told
  const last = sk.errorQueue?.at(-1);
  if (last?.origin === SO_EE_ORIGIN_ZEROCOPY && (last.data + 1) >>> 0 === key) {
    last.data = key;
    sk.wake?.(sk, POLLERR);
    return;
  }
  sk.queueError({
    errno: '',
    origin: SO_EE_ORIGIN_ZEROCOPY,
    type: 0,
    code: 0,
    info: key,
    data: key,
    offender: undefined,
    address: undefined,
    port: 0,
    payload: NOTHING,
  });
}
