/**
 * The end of a host: every connection is aborted (RFC 9293 §3.10.5), and nothing is left of them.
 * @module
 */
import { SHUTDOWN_MASK } from '@stack/skbuff/sock';
import { destroySocket, disconnectSocket, stateChanged } from './close.ts';
import { CLOSE, NEW_SYN_RECV, TIME_WAIT } from './state.ts';
import type { EhashEntry } from './tables.ts';
import type { TcpSock } from './tcb.ts';
import type { Tcp } from './tcp.ts';
import { kill, type TimewaitSock } from './timewait.ts';

/** See {@link Tcp.abortAll}. */
export function abortAll(now: number, tcp: Tcp): void {
  for (const entry of [...tcp.entries()]) {
    if (entry.state === TIME_WAIT) kill(entry as TimewaitSock);
    else if (isSocket(entry)) abort(now, entry);
  }
}

/** Requests, and connections that nobody accepted, go with their listener, which stands before them in the list. */
function isSocket(entry: EhashEntry): entry is TcpSock {
  return entry.state !== NEW_SYN_RECV && entry.state !== CLOSE;
}

function abort(now: number, sk: TcpSock): void {
  disconnectSocket(now, sk);
  if (sk.orphaned) {
    destroySocket(now, sk);
    return;
  }
  sk.err = 'ECONNABORTED';
  sk.shutdown = SHUTDOWN_MASK;
  stateChanged(sk);
}
