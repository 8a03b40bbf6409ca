/**
 * TCP small queues, second half: packets of a socket left the host, so it goes on (Linux `tcp_tsq_handler`).
 * @module
 */
import { packetsInFlight } from './cwnd.ts';
import { currentMss } from './mss.ts';
import { pushPendingFrames } from './output.ts';
import { xmitRetransmitQueue } from './retransmit.ts';
import { CLOSE_WAIT, CLOSING, ESTABLISHED, FIN_WAIT1, LAST_ACK, stateBit } from './state.ts';
import type { TcpSock } from './tcb.ts';
import { TSQ_QUEUED } from './tcb-values.ts';

const SENDING: number =
  /* @__PURE__ */ stateBit(ESTABLISHED) |
  /* @__PURE__ */ stateBit(FIN_WAIT1) |
  /* @__PURE__ */ stateBit(CLOSING) |
  /* @__PURE__ */ stateBit(CLOSE_WAIT) |
  /* @__PURE__ */ stateBit(LAST_ACK);

/** Packets left: the socket, which is out of the list, goes on. */
export function tsqWrite(now: number, sk: TcpSock): void {
  sk.tsqFlags &= ~TSQ_QUEUED;
  tsqHandler(now, sk);
}

/** Goes on sending, retransmissions first. */
export function tsqHandler(now: number, sk: TcpSock): void {
  if ((SENDING & stateBit(sk.state)) === 0) return;
  if (sk.lostOut > sk.retransOut && sk.sndCwnd > packetsInFlight(sk)) {
    currentMss(now, sk);
    xmitRetransmitQueue(now, sk);
  }
  pushPendingFrames(now, sk);
}
