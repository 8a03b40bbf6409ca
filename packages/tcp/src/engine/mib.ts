/**
 * TCP's counters, by the names of `/proc/net/snmp` and `/proc/net/netstat`. `nstat` prints `TcpActiveOpens`, `TcpExtTCPTimeouts`.
 * @module
 */

/** `Tcp:` in `/proc/net/snmp` (RFC 4022). */
export interface TcpCounters {
  /** 1 = other. */
  RtoAlgorithm: number;
  /** ms. */
  RtoMin: number;
  /** ms. */
  RtoMax: number;
  /** -1: no limit. */
  MaxConn: number;
  ActiveOpens: number;
  PassiveOpens: number;
  AttemptFails: number;
  EstabResets: number;
  /** Sockets in ESTABLISHED or CLOSE-WAIT now. */
  CurrEstab: number;
  InSegs: number;
  OutSegs: number;
  RetransSegs: number;
  InErrs: number;
  OutRsts: number;
  InCsumErrors: number;
}

/**
 * `TcpExt:` in `/proc/net/netstat`: what this engine can count.
 *
 * Linux has more, which do not move here because there is nothing to count. `TCPSackShifted`, `TCPSackMerged`, `TCPSackShiftFallback`:
 * what SACK told of is not shifted into the packet in front of it. Each stays a packet of its own until it is acknowledged, and runs
 * (`sack-runs.ts`) keep the queue from being walked over, which is what Linux merges for.
 */
export interface TcpExtCounters {
  SyncookiesSent: number;
  SyncookiesRecv: number;
  SyncookiesFailed: number;
  EmbryonicRsts: number;
  PruneCalled: number;
  RcvPruned: number;
  OfoPruned: number;
  OutOfWindowIcmps: number;
  TW: number;
  TWKilled: number;
  TWRecycled: number;
  PAWSActive: number;
  PAWSEstab: number;
  PAWSOldAck: number;
  PAWSTimewait: number;
  BeyondWindow: number;
  TSEcrRejected: number;
  DelayedACKs: number;
  DelayedACKLost: number;
  ListenOverflows: number;
  ListenDrops: number;
  TCPHPHits: number;
  TCPPureAcks: number;
  TCPHPAcks: number;
  TCPRenoRecovery: number;
  TCPSackRecovery: number;
  TCPSACKReneging: number;
  TCPSACKReorder: number;
  TCPRenoReorder: number;
  TCPTSReorder: number;
  TCPFullUndo: number;
  TCPPartialUndo: number;
  TCPDSACKUndo: number;
  TCPLossUndo: number;
  TCPRenoFailures: number;
  TCPSackFailures: number;
  TCPLossFailures: number;
  TCPFastRetrans: number;
  TCPSlowStartRetrans: number;
  TCPTimeouts: number;
  TCPLossProbes: number;
  TCPLossProbeRecovery: number;
  TCPLostRetransmit: number;
  TCPRenoRecoveryFail: number;
  TCPSackRecoveryFail: number;
  TCPRcvCollapsed: number;
  TCPDSACKOldSent: number;
  TCPDSACKOfoSent: number;
  TCPDSACKRecv: number;
  TCPDSACKOfoRecv: number;
  TCPAbortOnData: number;
  TCPAbortOnClose: number;
  TCPAbortOnMemory: number;
  TCPAbortOnTimeout: number;
  TCPAbortOnLinger: number;
  TCPAbortFailed: number;
  TCPMemoryPressures: number;
  TCPSACKDiscard: number;
  TCPDSACKIgnoredOld: number;
  TCPDSACKIgnoredNoUndo: number;
  TCPSpuriousRTOs: number;
  TCPMD5NotFound: number;
  TCPMD5Unexpected: number;
  TCPMD5Failure: number;
  TCPRcvCoalesce: number;
  TCPRcvQDrop: number;
  TCPOFOQueue: number;
  TCPOFODrop: number;
  TCPOFOMerge: number;
  TCPChallengeACK: number;
  TCPSYNChallenge: number;
  TCPFastOpenActive: number;
  TCPFastOpenActiveFail: number;
  TCPFastOpenPassive: number;
  TCPFastOpenPassiveFail: number;
  TCPFastOpenListenOverflow: number;
  TCPFastOpenCookieReqd: number;
  TCPFastOpenBlackhole: number;
  TCPSpuriousRtxHostQueues: number;
  TCPAutoCorking: number;
  TCPFromZeroWindowAdv: number;
  TCPToZeroWindowAdv: number;
  TCPWantZeroWindowAdv: number;
  TCPSynRetrans: number;
  TCPOrigDataSent: number;
  TCPHystartTrainDetect: number;
  TCPHystartTrainCwnd: number;
  TCPHystartDelayDetect: number;
  TCPHystartDelayCwnd: number;
  TCPACKSkippedSynRecv: number;
  TCPACKSkippedPAWS: number;
  TCPACKSkippedSeq: number;
  TCPACKSkippedFinWait2: number;
  TCPACKSkippedTimeWait: number;
  TCPACKSkippedChallenge: number;
  TCPWinProbe: number;
  TCPKeepAlive: number;
  TCPMTUPFail: number;
  TCPMTUPSuccess: number;
  TCPDelivered: number;
  TCPDeliveredCE: number;
  TCPZeroWindowDrop: number;
  TCPTimeWaitOverflow: number;
  TCPReqQFullDoCookies: number;
  TCPReqQFullDrop: number;
  TCPDeferAcceptDrop: number;
  TCPMinTTLDrop: number;
  TCPRetransFail: number;
  TCPWqueueTooBig: number;
  TCPFastOpenPassiveAltKey: number;
  TCPDSACKRecvSegs: number;
  TCPDSACKIgnoredDubious: number;
  TCPAckCompressed: number;
  TCPAORequired: number;
  TCPAOBad: number;
  TCPAOKeyNotFound: number;
  TCPAOGood: number;
  TCPAODroppedIcmps: number;
}

/** All of TCP's counters. */
export interface TcpMib {
  readonly Tcp: TcpCounters;
  readonly TcpExt: TcpExtCounters;
}

/** Counters at zero; every field in one order. */
export function tcpMib(): TcpMib {
  return {
    Tcp: {
      RtoAlgorithm: 1,
      RtoMin: 200,
      RtoMax: 120_000,
      MaxConn: -1,
      ActiveOpens: 0,
      PassiveOpens: 0,
      AttemptFails: 0,
      EstabResets: 0,
      CurrEstab: 0,
      InSegs: 0,
      OutSegs: 0,
      RetransSegs: 0,
      InErrs: 0,
      OutRsts: 0,
      InCsumErrors: 0,
    },
    TcpExt: {
      SyncookiesSent: 0,
      SyncookiesRecv: 0,
      SyncookiesFailed: 0,
      EmbryonicRsts: 0,
      PruneCalled: 0,
      RcvPruned: 0,
      OfoPruned: 0,
      OutOfWindowIcmps: 0,
      TW: 0,
      TWKilled: 0,
      TWRecycled: 0,
      PAWSActive: 0,
      PAWSEstab: 0,
      PAWSOldAck: 0,
      PAWSTimewait: 0,
      BeyondWindow: 0,
      TSEcrRejected: 0,
      DelayedACKs: 0,
      DelayedACKLost: 0,
      ListenOverflows: 0,
      ListenDrops: 0,
      TCPHPHits: 0,
      TCPPureAcks: 0,
      TCPHPAcks: 0,
      TCPRenoRecovery: 0,
      TCPSackRecovery: 0,
      TCPSACKReneging: 0,
      TCPSACKReorder: 0,
      TCPRenoReorder: 0,
      TCPTSReorder: 0,
      TCPFullUndo: 0,
      TCPPartialUndo: 0,
      TCPDSACKUndo: 0,
      TCPLossUndo: 0,
      TCPRenoFailures: 0,
      TCPSackFailures: 0,
      TCPLossFailures: 0,
      TCPFastRetrans: 0,
      TCPSlowStartRetrans: 0,
      TCPTimeouts: 0,
      TCPLossProbes: 0,
      TCPLossProbeRecovery: 0,
      TCPLostRetransmit: 0,
      TCPRenoRecoveryFail: 0,
      TCPSackRecoveryFail: 0,
      TCPRcvCollapsed: 0,
      TCPDSACKOldSent: 0,
      TCPDSACKOfoSent: 0,
      TCPDSACKRecv: 0,
      TCPDSACKOfoRecv: 0,
      TCPAbortOnData: 0,
      TCPAbortOnClose: 0,
      TCPAbortOnMemory: 0,
      TCPAbortOnTimeout: 0,
      TCPAbortOnLinger: 0,
      TCPAbortFailed: 0,
      TCPMemoryPressures: 0,
      TCPSACKDiscard: 0,
      TCPDSACKIgnoredOld: 0,
      TCPDSACKIgnoredNoUndo: 0,
      TCPSpuriousRTOs: 0,
      TCPMD5NotFound: 0,
      TCPMD5Unexpected: 0,
      TCPMD5Failure: 0,
      TCPRcvCoalesce: 0,
      TCPRcvQDrop: 0,
      TCPOFOQueue: 0,
      TCPOFODrop: 0,
      TCPOFOMerge: 0,
      TCPChallengeACK: 0,
      TCPSYNChallenge: 0,
      TCPFastOpenActive: 0,
      TCPFastOpenActiveFail: 0,
      TCPFastOpenPassive: 0,
      TCPFastOpenPassiveFail: 0,
      TCPFastOpenListenOverflow: 0,
      TCPFastOpenCookieReqd: 0,
      TCPFastOpenBlackhole: 0,
      TCPSpuriousRtxHostQueues: 0,
      TCPAutoCorking: 0,
      TCPFromZeroWindowAdv: 0,
      TCPToZeroWindowAdv: 0,
      TCPWantZeroWindowAdv: 0,
      TCPSynRetrans: 0,
      TCPOrigDataSent: 0,
      TCPHystartTrainDetect: 0,
      TCPHystartTrainCwnd: 0,
      TCPHystartDelayDetect: 0,
      TCPHystartDelayCwnd: 0,
      TCPACKSkippedSynRecv: 0,
      TCPACKSkippedPAWS: 0,
      TCPACKSkippedSeq: 0,
      TCPACKSkippedFinWait2: 0,
      TCPACKSkippedTimeWait: 0,
      TCPACKSkippedChallenge: 0,
      TCPWinProbe: 0,
      TCPKeepAlive: 0,
      TCPMTUPFail: 0,
      TCPMTUPSuccess: 0,
      TCPDelivered: 0,
      TCPDeliveredCE: 0,
      TCPZeroWindowDrop: 0,
      TCPTimeWaitOverflow: 0,
      TCPReqQFullDoCookies: 0,
      TCPReqQFullDrop: 0,
      TCPDeferAcceptDrop: 0,
      TCPMinTTLDrop: 0,
      TCPRetransFail: 0,
      TCPWqueueTooBig: 0,
      TCPFastOpenPassiveAltKey: 0,
      TCPDSACKRecvSegs: 0,
      TCPDSACKIgnoredDubious: 0,
      TCPAckCompressed: 0,
      TCPAORequired: 0,
      TCPAOBad: 0,
      TCPAOKeyNotFound: 0,
      TCPAOGood: 0,
      TCPAODroppedIcmps: 0,
    },
  };
}
