/**
 * Connections of a listener that wait for `accept`, oldest first.
 * @module
 */
import { POLLIN } from '@stack/skbuff/sock';
import { markAccepted } from './fastopen-queue.ts';
import type { ListenerExtra } from './tables.ts';
import type { TcpSock } from './tcb.ts';

/** Whether no more connections may wait for `accept`; as in Linux one more fits than the backlog says. */
export function acceptQueueFull(extra: ListenerExtra): boolean {
  return extra.acceptLength > extra.backlog;
}

/** Puts a child behind those that wait. */
export function pushAccepted(extra: ListenerExtra, child: TcpSock): void {
  if (extra.acceptLast === undefined) extra.acceptFirst = child;
  else extra.acceptLast.acceptNext = child;
  extra.acceptLast = child;
  extra.acceptLength++;
}

/** Tells a listener that somebody waits. */
export function wakeListener(sk: TcpSock): void {
  sk.wake?.(sk, POLLIN);
}

/** Takes the oldest child that waits. */
export function shiftAccepted(extra: ListenerExtra): TcpSock | undefined {
  const child = extra.acceptFirst;
  if (child === undefined) return undefined;
  extra.acceptFirst = child.acceptNext;
  if (child.acceptNext === undefined) extra.acceptLast = undefined;
  child.acceptNext = undefined;
  extra.acceptLength--;
  markAccepted(child.fastopenRsk);
  return child;
}
