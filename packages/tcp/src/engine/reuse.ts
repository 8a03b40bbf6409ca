/**
 * A socket that was connected becomes one that never was, but for its options (Linux `tcp_disconnect`, second half).
 * @module
 */
import { TCP_INIT_CWND, TCP_MIN_MSS } from './mss.ts';
import { TCP_TIMEOUT_INIT } from './rtt.ts';
import { TCP_INFINITE_SSTHRESH, type TcpSock } from './tcb.ts';
import { CA_OPEN } from './tcb-values.ts';

/** Forgets the connection of a socket in CLOSE whose queues are empty and whose timers are off. */
export function makeUsable(sk: TcpSock): void {
  const { family } = sk;
  sk.dport = 0;
  sk.daddr = family.any;
  if (!sk.addressLocked) {
    sk.saddr = family.any;
    sk.rcvSaddr = family.any;
  }
  sk.shutdown = 0;
  sk.finSeen = false;
  sk.dst = undefined;
  // The next connection begins behind all that the peer of this one may take for its own.
  if (sk.writeSeq !== 0) sk.writeSeq = (sk.writeSeq + sk.maxWindow + 2) | 0 || 1;
  sk.copiedSeq = sk.rcvNxt;
  sk.urgData = 0;
  sk.urgMode = false;
  forgetOptions(sk);
  forgetFastopen(sk);
  forgetPath(sk);
  forgetCounts(sk);
}

/** What the two ends agreed on, and when segments were acknowledged. */
function forgetOptions(sk: TcpSock): void {
  sk.sackOk = false;
  sk.numSacks = 0;
  sk.dsack = false;
  sk.wscaleOk = false;
  sk.sndWscale = 0;
  sk.rcvWscale = 0;
  sk.tstampOk = false;
  sk.sawTstamp = false;
  sk.tsRecent = 0;
  sk.tsRecentStamp = 0;
  sk.windowClamp = 0;
  sk.rcvMss = TCP_MIN_MSS;
  sk.quick = 0;
  sk.pingpong = 0;
  sk.ato = 0;
  sk.ackNomem = false;
  sk.compressedAcks = undefined;
  sk.accecn = undefined;
  sk.lastSegSize = 0;
  sk.lastOowAckTime = 0;
}

/** How it was opened; what the application asked for stays. */
function forgetFastopen(sk: TcpSock): void {
  sk.deferConnect = false;
  sk.fastopenChild = false;
  sk.synFastopen = false;
  sk.synFastopenExp = false;
  sk.synFastopenCh = false;
  sk.synData = false;
  sk.synDataAcked = false;
  sk.fastopenClientFail = 0;
}

/** Round trip, timeouts and congestion. */
function forgetPath(sk: TcpSock): void {
  sk.srtt = 0;
  sk.mdev = TCP_TIMEOUT_INIT;
  sk.minRtt = -1;
  sk.minRttFilter = undefined;
  sk.rcvRtt = 0;
  sk.rcvRttTime = -1;
  sk.rcvRttTsecr = 0;
  sk.mtup = undefined;
  sk.rto = TCP_TIMEOUT_INIT;
  sk.backoff = 0;
  sk.retransmits = 0;
  sk.probesOut = 0;
  sk.probesTstamp = 0;
  sk.caOps.release?.(sk);
  sk.caPriv = undefined;
  sk.caState = CA_OPEN;
  sk.sndSsthresh = TCP_INFINITE_SSTHRESH;
  sk.sndCwnd = TCP_INIT_CWND;
  sk.sndCwndCnt = 0;
  sk.isCwndLimited = false;
  sk.maxPacketsOut = 0;
  sk.hasUndo = false;
  sk.undoRetrans = -1;
  sk.retransStamp = 0;
  sk.pacingRate = sk.maxPacingRate;
  sk.isSackReneg = false;
  sk.frto = false;
  sk.tlpHighSeq = undefined;
  sk.rackMstamp = 0;
  sk.rackRtt = 0;
  sk.rackAdvanced = false;
  sk.rackReoWndSteps = 1;
  sk.rackReoWndPersist = 0;
  sk.rackDsackSeen = false;
  sk.rackLastDelivered = 0;
}

function forgetCounts(sk: TcpSock): void {
  sk.totalRetrans = 0;
  sk.totalRto = 0;
  sk.totalRtoRecoveries = 0;
  sk.totalRtoTime = 0;
  sk.rtoStamp = 0;
  sk.delivered = 0;
  sk.deliveredCe = 0;
  sk.appLimited = -1;
  sk.rateDelivered = 0;
  sk.rateInterval = 0;
  sk.rateAppLimited = true;
  sk.lost = 0;
  sk.reordSeen = 0;
  sk.dsackDups = 0;
  sk.rcvOoopack = 0;
  sk.bytesAcked = 0;
  sk.bytesSent = 0;
  sk.bytesReceived = 0;
  sk.bytesRetrans = 0;
  sk.segsIn = 0;
  sk.segsOut = 0;
  sk.dataSegsIn = 0;
  sk.dataSegsOut = 0;
}
