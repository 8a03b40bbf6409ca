/**
 * net.ipv4.tcp_*.
 * @module
 */

/** `net.ipv4.tcp_*` */
export const TCP = {
  // Memory.
  /** Receive buffer of a socket: least, first, most. */
  tcp_rmem: { kind: 'triple', default: 'machine', min: 1, unit: 'bytes' },
  /** Send buffer of a socket: least, first, most. */
  tcp_wmem: { kind: 'triple', default: 'machine', min: 1, unit: 'bytes' },
  /** Memory of all TCP sockets: no pressure below low, pressure above pressure, nothing more above high. */
  tcp_mem: { kind: 'longs', default: 'machine', unit: 'pages' },
  /** Sockets without a process; more are reset. */
  tcp_max_orphans: { kind: 'int', default: 'machine', unit: 'sockets' },
  /** TIME-WAIT sockets; more are destroyed at once. */
  tcp_max_tw_buckets: { kind: 'int', default: 'machine', unit: 'sockets' },
  /** Share of a receive buffer that is not window: > 0 bytes/2^n, <= 0 bytes-bytes/2^-n. */
  tcp_adv_win_scale: { kind: 'int', default: 1, min: -31, max: 31, unit: '' },
  /** Reserve of the window for the application: window/2^n; 31: none in effect. */
  tcp_app_win: { kind: 'u8', default: 31, max: 31, unit: '' },

  // Congestion control.
  /** What a fresh socket uses; one of the available. */
  tcp_congestion_control: { kind: 'name', default: 'cubic', registry: 'congestionControl', unit: '' },
  /** What is registered. */
  tcp_available_congestion_control: {
    kind: 'names',
    default: '',
    registry: 'congestionControl',
    unit: '',
    mode: 'read-only',
  },
  /** What an unprivileged socket may choose. */
  tcp_allowed_congestion_control: {
    kind: 'names',
    default: 'reno',
    registry: 'congestionControl',
    unit: '',
  },
  /** Whether the window starts anew after an idle RTO (RFC 2861). */
  tcp_slow_start_after_idle: { kind: 'u8', default: 1, unit: '' },
  /** Duplicate ACKs that mean loss (RFC 5681's three). */
  tcp_reordering: { kind: 'int', default: 3, min: 1, max: 300, unit: 'segments' },
  /** Most reordering assumed, however much was seen. */
  tcp_comp_sack_delay_ns: { kind: 'ulong', default: 1_000_000, unit: 'ns' },
  tcp_comp_sack_nr: { kind: 'u8', default: 44, max: 255, unit: 'ACKs' },
  tcp_comp_sack_slack_ns: { kind: 'ulong', default: 100_000, unit: 'ns' },
  tcp_max_reordering: { kind: 'int', default: 300, min: 1, unit: 'segments' },
  /** How long the least round trip is remembered. */
  tcp_min_rtt_wlen: { kind: 'int', default: 300, min: 0, max: 86_400, unit: 's' },
  /** Whether the first timeouts of a stream with little in flight do not double. */
  tcp_thin_linear_timeouts: { kind: 'u8', default: 0, unit: '' },
  /** Whether what is accepted, and its SYN-ACK, have the DSCP of the SYN. */
  tcp_reflect_tos: { kind: 'u8', default: 0, max: 1, unit: '' },

  // Options.
  /** RFC 2018 selective acknowledgments. */
  tcp_sack: { kind: 'u8', default: 1, unit: '' },
  /** RFC 2883: telling of segments that came twice. */
  tcp_dsack: { kind: 'u8', default: 1, unit: '' },
  /** RFC 7323 window scaling. */
  tcp_window_scaling: { kind: 'u8', default: 1, unit: '' },
  /** Congestion notification, agreed to and asked for: 0 none, 1 RFC 3168 both ways, 2 RFC 3168 agreed to only; 3 Accurate ECN (RFC 9768) both ways, 4 agreed to, with RFC 3168 asked for, 5 agreed to only. */
  tcp_ecn: { kind: 'u8', default: 2, max: 5, unit: '' },
  /** Whether a SYN that is sent again asks for it no more (RFC 3168 §6.1.1.1). */
  tcp_ecn_fallback: { kind: 'u8', default: 1, max: 1, unit: '' },
  /** The option of Accurate ECN: 0 never sent, 1 as sparingly as RFC 9768 allows, 2 whenever it fits. */
  tcp_ecn_option: { kind: 'u8', default: 2, max: 2, unit: '' },
  /** How often in a round trip it is sent at least. */
  tcp_ecn_option_beacon: { kind: 'u8', default: 3, max: 3, unit: '' },
  /** RFC 7323 timestamps: 0 off, 1 with a random offset for each connection, 2 without. */
  tcp_timestamps: { kind: 'u8', default: 1, unit: '' },
  /** The urgent pointer of RFC 1122: to the last urgent octet, not behind it. */
  tcp_stdurg: { kind: 'u8', default: 0, unit: '' },
  /** The least segment that is sent, however small the peer's MSS. */
  tcp_min_snd_mss: { kind: 'int', default: 48, min: 48, max: 65_535, unit: 'bytes' },

  /** Search for the path MTU (RFC 4821): 0 never, 1 where large segments vanish, 2 always. */
  tcp_mtu_probing: { kind: 'u8', default: 0, unit: '' },
  /** The MSS it begins with. */
  tcp_base_mss: { kind: 'int', default: 1024, unit: 'bytes' },
  /** The least MSS it goes down to. */
  tcp_mtu_probe_floor: { kind: 'int', default: 48, min: 48, max: 65_535, unit: 'bytes' },
  /** Bytes between what passes and what does not that end it. */
  tcp_probe_threshold: { kind: 'int', default: 8, unit: 'bytes' },
  /** How long it rests then. */
  tcp_probe_interval: { kind: 'uint', default: 600, max: 4_294_967, unit: 's' },

  // Opening.
  /** Retransmissions of a SYN before connect fails. */
  tcp_syn_retries: { kind: 'u8', default: 6, min: 1, max: 127, unit: 'retries' },
  /** Of those, how many come without backing off. */
  tcp_syn_linear_timeouts: { kind: 'u8', default: 4, max: 127, unit: 'retries' },
  /** Retransmissions of a SYN-ACK. */
  tcp_synack_retries: { kind: 'u8', default: 5, unit: 'retries' },
  /** SYN cookies (RFC 4987 §3.6): 0 never, 1 where a listener's queue is full, 2 always. */
  tcp_syncookies: { kind: 'u8', default: 1, unit: '' },
  /** Half-open connections of one listener, without SYN cookies. */
  tcp_max_syn_backlog: { kind: 'int', default: 'machine', unit: 'connections' },
  /** Whether a connection that finds the accept queue full is reset, not ignored. */
  tcp_abort_on_overflow: { kind: 'u8', default: 0, unit: '' },

  /** Fast open (RFC 7413), bits: 1 client, 2 server, 4 client without cookie, 0x200 server without, 0x400 every listener. */
  tcp_fastopen: { kind: 'int', default: 1, unit: '' },
  /** Keys that cookies are made with: the first makes them, both are believed. */
  tcp_fastopen_key: { kind: 'key', default: '', unit: '' },
  /** How long fast open is done without after a box on the way swallowed one, doubled each time; 0: it is not. */
  tcp_fastopen_blackhole_timeout_sec: { kind: 'int', default: 0, min: 0, unit: 's' },
  /** Whether nothing is remembered of a path when a connection ends. */
  tcp_no_metrics_save: { kind: 'u8', default: 0, unit: '' },
  /** Whether slow start thresholds are neither remembered nor used. */
  tcp_no_ssthresh_metrics_save: { kind: 'u8', default: 1, max: 1, unit: '' },

  // Retransmission.
  /** Timeouts after which the route is doubted (RFC 1122's R1). */
  tcp_retries1: { kind: 'u8', default: 3, unit: 'retries' },
  /** Timeouts after which an established connection is given up (R2). */
  tcp_retries2: { kind: 'u8', default: 15, unit: 'retries' },
  /** The same for a connection without a process; 0 means 8. */
  tcp_orphan_retries: { kind: 'u8', default: 0, unit: 'retries' },
  /** Lower bound on RTO - RTT. */
  tcp_rto_min_us: { kind: 'int', default: 200_000, min: 1, unit: 'µs' },
  /** Upper bound on RTO. */
  tcp_rto_max_ms: { kind: 'int', default: 120_000, min: 1000, max: 120_000, unit: 'ms' },
  /** RFC 5682: whether a timeout was spurious is asked with new data; 0: it is not. */
  tcp_frto: { kind: 'u8', default: 2, unit: '' },
  /** RFC 8985 §7: 3, 4: tail loss probes; 0 to 2: none. */
  tcp_early_retrans: { kind: 'u8', default: 3, max: 4, unit: '' },
  /** RFC 8985 §6, bits: 2 its reordering window is fixed, 4 duplicates do not close it; 1 is of no effect. */
  tcp_recovery: { kind: 'u8', default: 1, unit: '' },
  /** Whether retransmissions merge small segments. */
  tcp_retrans_collapse: { kind: 'u8', default: 1, unit: '' },

  // Keepalive and closing.
  /** Idle time before the first probe. */
  tcp_keepalive_time: { kind: 'seconds', default: 7200, unit: 's' },
  /** Time between probes. */
  tcp_keepalive_intvl: { kind: 'seconds', default: 75, unit: 's' },
  /** Unanswered probes that end the connection. */
  tcp_keepalive_probes: { kind: 'u8', default: 9, unit: 'probes' },
  /** How long a connection without a process stays in FIN-WAIT-2. */
  tcp_fin_timeout: { kind: 'seconds', default: 60, unit: 's' },
  /** Whether a port pair in TIME-WAIT may be used again: 0 no, 1 yes, 2 over loopback. */
  tcp_tw_reuse: { kind: 'u8', default: 2, max: 2, unit: '' },
  /** How long after the last timestamp. */
  tcp_tw_reuse_delay: { kind: 'int', default: 1000, min: 1, max: 60_000, unit: 'ms' },
  /** Whether a RST does not end TIME-WAIT (RFC 1337). */
  tcp_rfc1337: { kind: 'u8', default: 0, unit: '' },

  // Sending.
  /** Bytes of one socket that may wait in qdisc and device. */
  tcp_limit_output_bytes: { kind: 'int', default: 4_194_304, unit: 'bytes' },
  /** Unsent bytes above which a socket is not writable. */
  tcp_notsent_lowat: { kind: 'uint', default: 0xffff_ffff, unit: 'bytes' },
  /** Whether small writes wait for those that a qdisc or device still holds. */
  tcp_autocorking: { kind: 'u8', default: 1, max: 1, unit: '' },
  /** Segments of a super-segment at least, however slow the pace. */
  tcp_min_tso_segs: { kind: 'u8', default: 2, min: 1, unit: 'segments' },
  /** One super-segment is at most the window divided by this; 0: no limit. */
  tcp_tso_win_divisor: { kind: 'u8', default: 3, unit: '' },
  /** The pace in the first half of slow start, of the window in a round trip. */
  tcp_pacing_ss_ratio: { kind: 'int', default: 200, min: 0, max: 1000, unit: '%' },
  /** The pace otherwise. */
  tcp_pacing_ca_ratio: { kind: 'int', default: 120, min: 0, max: 1000, unit: '%' },
  /** Longer super-segments on short paths: the pace is for 2^n µs of RTT. */
  tcp_tso_rtt_log: { kind: 'u8', default: 9, unit: '' },

  // Receiving.
  /** Whether receive buffers that nobody set follow the application and the path. */
  tcp_moderate_rcvbuf: { kind: 'u8', default: 1, unit: '' },
  /** Answers of the application after which ACKs wait for the next one. */
  tcp_pingpong_thresh: { kind: 'u8', default: 1, min: 1, unit: 'answers' },
  /** Challenge ACKs a second (RFC 5961 §7). */
  tcp_challenge_ack_limit: { kind: 'int', default: 0x7fff_ffff, unit: 'segments' },
  /** Least time between two answers to segments that are out of the window. */
  tcp_invalid_ratelimit: { kind: 'ms', default: 500, unit: 'ms' },
  /** Whether the offered window may move its right edge back. */
  tcp_shrink_window: { kind: 'u8', default: 0, max: 1, unit: '' },
  /** Whether a peer without window scaling is taken to have a signed window. */
  tcp_workaround_signed_windows: { kind: 'u8', default: 0, unit: '' },
} as const;
