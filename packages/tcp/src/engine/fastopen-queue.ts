/**
 * How many connections of a listener may be open before their handshake is over: RFC 7413 §5.1 (Linux `struct fastopen_queue`).
 * @module
 */
import type { FastopenKeys } from './fastopen-cookie.ts';
import type { TcpMib } from './mib.ts';
import type { RequestSock } from './request.ts';
import { LISTEN } from './state.ts';
import type { TcpSock } from './tcb.ts';

/** µs that one which was reset counts on: who forges addresses in SYNs makes the true owners send RSTs. */
const RESET_COUNTS_FOR = 60_000_000;

/** Fast open as a listener has it. */
export class FastopenQueue {
  /** Most that may be pending, TCP_FASTOPEN; 0 = no fast open. */
  maxLength = 0;
  /** Pending, and those that were reset a short while ago. */
  length = 0;
  /** TCP_FASTOPEN_KEY; `undefined` = the host's. */
  keys: FastopenKeys | undefined = undefined;
  /** When each of those that were reset ceases to count, µs, the first to do so first. */
  readonly #resets: number[] = [];

  /** Whether one more may be pending. */
  hasRoom(now: number, mib: TcpMib): boolean {
    if (this.maxLength === 0) return false;
    if (this.length < this.maxLength) return true;
    const first = this.#resets[0];
    if (first === undefined || first > now) {
      mib.TcpExt.TCPFastOpenListenOverflow++;
      return false;
    }
    this.#resets.shift();
    this.length--;
    return true;
  }

  /** One less is pending. `now`: it was reset by its peer then, after it was accepted, and counts on for a while. */
  leave(now: number | undefined): void {
    if (now === undefined) this.length--;
    else this.#resets.push(now + RESET_COUNTS_FOR);
  }
}

/** TCP_FASTOPEN: how many may be pending, at most as many as may wait for `accept`. */
export function tuneQueue(sk: TcpSock, length: number): void {
  const { core, fastopenKeys } = sk.tcp;
  fastopenKeys.init();
  queueOf(sk).maxLength = Math.min(length, core.somaxconn);
}

/** What a socket has of fast open as a listener; made when it is first asked for. */
export function queueOf(sk: TcpSock): FastopenQueue {
  sk.fastopenq ??= new FastopenQueue();
  return sk.fastopenq;
}

/** What its cookies are made with; `undefined` while there is no key. */
export function keysOf(sk: TcpSock): FastopenKeys | undefined {
  return sk.fastopenq?.keys ?? sk.tcp.fastopenKeys.current;
}

/** The handshake of a child is over, well or not (Linux `reqsk_fastopen_remove`). `resetAt`: its peer reset it then. */
export function leaveQueue(sk: TcpSock, resetAt?: number): void {
  const req = sk.fastopenRsk;
  if (req === undefined) return;
  sk.fastopenRsk = undefined;
  const counts = resetAt !== undefined && req.accepted && req.listener.state === LISTEN;
  req.listener.fastopenq?.leave(counts ? resetAt : undefined);
}

/** Notes that the application has a child whose handshake may not be over. */
export function markAccepted(req: RequestSock | undefined): void {
  if (req !== undefined) req.accepted = true;
}
