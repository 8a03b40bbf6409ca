/**
 * A segment in SYN-SENT: RFC 9293 §3.10.7.3.
 * @module
 */
import type { SkBuff } from '@stack/skbuff';
import { ACK, RST, SYN } from '../flags.ts';
import { SAW_MSS, SAW_SACK_PERM, SAW_TIMESTAMPS, SAW_WSCALE } from '../option-scan.ts';
import { TCPOLEN_TSTAMP_ALIGNED } from '../write.ts';
import { DELACK_MAX, delayAck, enterQuickAck, inPingpong, TCP_MAX_QUICKACKS } from './ack.ts';
import { FLAG_SLOWPATH } from './ack-flags.ts';
import { processAck } from './acked.ts';
import { CB_FLAGS } from './cb.ts';
import { resetReceived, stateChanged } from './close.ts';
import { ecnCrossedSyn, ecnHandshakeAck, ecnSynack } from './ecn.ts';
import { fastopenSynack } from './fastopen-synack.ts';
import { finishConnect } from './init-transfer.ts';
import { headerLengthFor, initializeRcvMss, syncMss, TCP_MSS_DEFAULT } from './mss.ts';
import { initMtuProbing } from './mtu-probe.ts';
import { pawsReject, storeTsRecent } from './paws.ts';
import { OK } from './ports.ts';
import type { Segment } from './segment.ts';
import { SYN_RECV, setState } from './state.ts';
import type { TcpSock } from './tcb.ts';
import { TIMER_RETRANS } from './tcb-values.ts';
import { armRtx } from './timer.ts';
import { sendAck, transmitSkb, tsClock } from './transmit.ts';
import { undoSpuriousSyn } from './undo.ts';
import { TCP_MAX_WSCALE } from './window.ts';

/** {@link synSent}: the packet is dealt with. */
const SYN_CONSUMED = 0;
/** Dealt with, but what it carries beyond the handshake is not. */
export const SYN_MORE = 1;

/**
 * A segment in SYN-SENT (RFC 9293 §3.10.7.3). `SYN_CONSUMED`, `SYN_MORE`, or the reason to drop it for; with `tcp.resetDue` set the sender
 * gets a RST. The packet stays the caller's.
 */
export function synSent(now: number, sk: TcpSock, skb: SkBuff, seg: Segment): number | string {
  const { tcp } = sk;
  const { options } = seg;
  seg.readOptions(skb);
  sk.sawTstamp = false;
  const timestamps = (options.saw & SAW_TIMESTAMPS) !== 0 && tcp.sysctl.tcp_timestamps !== 0;
  if (timestamps) seg.takeTimestamps(sk);
  if ((seg.flags & ACK) !== 0) {
    // "If SEG.ACK =< ISS or SEG.ACK > SND.NXT, send a reset (unless the RST bit is set)".
    if (((seg.ackSeq - sk.sndUna) | 0) <= 0 || ((seg.ackSeq - sk.sndNxt) | 0) > 0) {
      if (sk.retransmits === 0) armRtx(sk, TIMER_RETRANS, now + 2000);
      tcp.resetDue = true;
      return 'TCP_INVALID_ACK_SEQUENCE';
    }
    if (timestamps && sk.rcvTsecr !== 0 && !echoesUs(now, sk)) {
      tcp.mib.TcpExt.PAWSActive++;
      tcp.resetDue = true;
      return 'TCP_RFC7323_PAWS';
    }
    if ((seg.flags & RST) !== 0) {
      resetReceived(now, sk);
      return SYN_CONSUMED;
    }
    if ((seg.flags & SYN) === 0) return 'TCP_FLAGS';
    ecnSynack(sk, skb, seg);
    takeSynOptions(sk, seg);
    establish(now, sk, seg, timestamps);
    return finishHandshake(now, sk, skb, seg);
  }
  if ((seg.flags & RST) !== 0) return 'TCP_RESET';
  if (
    sk.tsRecentStamp !== 0 &&
    timestamps &&
    pawsReject(now, sk.tsRecent, sk.tsRecentStamp, sk.rcvTsval, false)
  ) {
    return 'TCP_RFC7323_PAWS';
  }
  if ((seg.flags & SYN) === 0) return 'TCP_FLAGS';
  crossedSyn(now, sk, seg, timestamps);
  return SYN_CONSUMED;
}

/** The echoed timestamp lies between our first SYN and now. */
function echoesUs(now: number, sk: TcpSock): boolean {
  const first = tsClock(sk.retransStamp);
  return (sk.rcvTsecr - first) >>> 0 <= (tsClock(now) - first) >>> 0;
}

function peerIsn(sk: TcpSock, isn: number): void {
  sk.irs = isn;
  if (sk.auth !== undefined) sk.auth.ao?.synchronize(isn);
}

function takeSynOptions(sk: TcpSock, seg: Segment): void {
  const { options } = seg;
  let mss = (options.saw & SAW_MSS) !== 0 && options.mss !== 0 ? options.mss : TCP_MSS_DEFAULT;
  if (sk.userMss !== 0 && sk.userMss < mss) mss = sk.userMss;
  sk.mssClamp = mss;
  sk.wscaleOk = (options.saw & SAW_WSCALE) !== 0 && sk.tcp.sysctl.tcp_window_scaling !== 0;
  sk.sndWscale = sk.wscaleOk ? Math.min(options.wscale, TCP_MAX_WSCALE) : 0;
  sk.sackOk = (options.saw & SAW_SACK_PERM) !== 0 && sk.tcp.sysctl.tcp_sack !== 0;
}

/** Our SYN is acknowledged, and the peer's is here. */
function establish(now: number, sk: TcpSock, seg: Segment, timestamps: boolean): void {
  sk.sndWl1 = seg.seq;
  undoSpuriousSyn(sk);
  processAck(now, sk, seg, FLAG_SLOWPATH);
  peerIsn(sk, seg.seq);
  sk.rcvNxt = (seg.seq + 1) | 0;
  sk.rcvWup = sk.rcvNxt;
  sk.sndWnd = seg.window; // never scaled in a SYN
  if (!sk.wscaleOk) {
    sk.rcvWscale = 0;
    sk.windowClamp = Math.min(sk.windowClamp, 0xffff);
  }
  useTimestamps(now, sk, timestamps);
  initMtuProbing(now, sk);
  syncMss(sk, sk.pmtuCookie);
  initializeRcvMss(sk);
  sk.copiedSeq = sk.rcvNxt;
}

function useTimestamps(now: number, sk: TcpSock, timestamps: boolean): void {
  sk.tstampOk = timestamps;
  sk.tcpHeaderLen = headerLengthFor(sk, timestamps);
  if (!timestamps) return;
  sk.advmss -= TCPOLEN_TSTAMP_ALIGNED;
  storeTsRecent(now, sk);
}

/** Into ESTABLISHED, and the third segment of the handshake, which may wait for data to go with. */
function finishHandshake(now: number, sk: TcpSock, skb: SkBuff, seg: Segment): number {
  finishConnect(now, sk);
  const resent = (sk.synFastopen || sk.synData) && fastopenSynack(now, sk, skb, seg);
  if (!sk.orphaned) stateChanged(sk);
  if (resent) return SYN_MORE;
  if (sk.writePending || sk.deferAccept !== 0 || inPingpong(sk)) {
    enterQuickAck(sk, TCP_MAX_QUICKACKS);
    delayAck(now, sk, DELACK_MAX);
    return SYN_CONSUMED;
  }
  sendAck(now, sk, sk.rcvNxt, ecnHandshakeAck(sk));
  return SYN_MORE;
}

/** A simultaneous open (RFC 9293 §3.5 figure 7): answer the SYN that crossed ours. */
function crossedSyn(now: number, sk: TcpSock, seg: Segment, timestamps: boolean): void {
  takeSynOptions(sk, seg);
  setState(sk, SYN_RECV);
  sk.tstampOk = timestamps;
  sk.tcpHeaderLen = headerLengthFor(sk, timestamps);
  if (timestamps) storeTsRecent(now, sk);
  if (!sk.wscaleOk) {
    sk.rcvWscale = 0;
    sk.windowClamp = Math.min(sk.windowClamp, 0xffff);
  }
  peerIsn(sk, seg.seq);
  sk.rcvNxt = (seg.seq + 1) | 0;
  sk.copiedSeq = sk.rcvNxt;
  sk.rcvWup = sk.rcvNxt;
  sk.sndWnd = seg.window;
  sk.sndWl1 = seg.seq;
  sk.maxWindow = sk.sndWnd;
  initMtuProbing(now, sk);
  syncMss(sk, sk.pmtuCookie);
  initializeRcvMss(sk);
  sendCrossedSynack(now, sk, seg);
}

/** Turns the SYN in the retransmit queue into a SYN-ACK and sends it. */
function sendCrossedSynack(now: number, sk: TcpSock, seg: Segment): void {
  const flags = ecnCrossedSyn(sk, seg);
  const skb = sk.rtxQueue.first;
  if (skb === undefined) return;
  skb.cb[CB_FLAGS] = flags;
  if (transmitSkb(now, sk, skb) !== OK) return;
  armRtx(sk, TIMER_RETRANS, now + sk.rto);
}
