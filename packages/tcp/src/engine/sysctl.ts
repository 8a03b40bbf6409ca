/**
 * The sysctls that TCP reads, live, by Linux's names and in Linux's units. A flag is 0 or 1.
 * @module
 */

/** `tcp_fastopen`: connections may be opened so. */
export const TFO_CLIENT_ENABLE = 1;
/** Listeners that ask for it accept them. */
export const TFO_SERVER_ENABLE = 2;
/** Data goes with a SYN without a cookie. */
export const TFO_CLIENT_NO_COOKIE = 4;
/** And is accepted so. */
export const TFO_SERVER_COOKIE_NOT_REQD = 0x200;
/** Every listener accepts, TCP_FASTOPEN or not. */
export const TFO_SERVER_WO_SOCKOPT1 = 0x400;

/** `net.ipv4.*`, as far as TCP reads it. */
export interface TcpSysctl {
  /** First and last port for connections without a bound port. */
  readonly ip_local_port_range: readonly [number, number];
  /** Ports never given to a socket that asks for none. */
  readonly ip_local_reserved_ports: { has(port: number): boolean };
  /** First port that needs no privilege to bind. */
  readonly ip_unprivileged_port_start: number;
  /** Send a reset, instead of nothing, when an accept queue is full. */
  readonly tcp_abort_on_overflow: number;
  /** Share of a receive buffer that is overhead, until segments were seen. */
  readonly tcp_adv_win_scale: number;
  /** Bytes of receive buffer kept for the application: `window / 2^n`; 0 = none. */
  readonly tcp_app_win: number;
  /** Wait a moment for more small writes while packets are still in the queues below. */
  readonly tcp_autocorking: number;
  /** MSS that the search for the path MTU begins with, bytes. */
  readonly tcp_base_mss: number;
  /** Most challenge ACKs a second, over all connections; 2147483647 = no limit. */
  readonly tcp_challenge_ack_limit: number;
  /** ns that ACKs behind a gap wait for others at most. */
  readonly tcp_comp_sack_delay_ns: number;
  /** ACKs that are gathered so at most; 0: each goes at once. */
  readonly tcp_comp_sack_nr: number;
  /** ns that they may wait longer. */
  readonly tcp_comp_sack_slack_ns: number;
  /** Name of the algorithm that new sockets get. */
  readonly tcp_congestion_control: string;
  /** Tell of segments that came twice (RFC 2883). */
  readonly tcp_dsack: number;
  /** 3, 4: send a tail loss probe (RFC 8985 §7); 0: do not. */
  readonly tcp_early_retrans: number;
  /** 0 without; RFC 3168: 1 asked for and agreed to, 2 agreed to only; Accurate ECN agreed to as well: 3 and asked for, 4 and RFC 3168 asked for, 5. */
  readonly tcp_ecn: number;
  /** A SYN that is sent again asks no more, and what is mangled on the way is noticed; 0: neither. */
  readonly tcp_ecn_fallback: number;
  /** The option of Accurate ECN is sent: 0 never, 1 where something changed and {@link tcp_ecn_option_beacon} says, 2 whenever it fits. */
  readonly tcp_ecn_option: number;
  /** How many times in a round trip at least; 0: not for that. */
  readonly tcp_ecn_option_beacon: number;
  /** Fast open, bits: 1 client, 2 server, 4 client without cookie, 0x200 server without cookie, 0x400 every listener. */
  readonly tcp_fastopen: number;
  /** s without fast open after one was swallowed on the way, doubled each time up to 64 times; 0: never without. */
  readonly tcp_fastopen_blackhole_timeout_sec: number;
  /** One or two keys for cookies, `xxxxxxxx-xxxxxxxx-xxxxxxxx-xxxxxxxx` with a comma between; empty: none is there yet. */
  readonly tcp_fastopen_key: string;
  /** s: how long a socket without owner stays in FIN-WAIT-2. */
  readonly tcp_fin_timeout: number;
  /** Ask after a timeout whether it was spurious (RFC 5682); 0: do not. */
  readonly tcp_frto: number;
  /** ms between duplicate ACKs sent for segments out of window. */
  readonly tcp_invalid_ratelimit: number;
  /** s between keepalive probes. */
  readonly tcp_keepalive_intvl: number;
  /** Unanswered probes that end a connection. */
  readonly tcp_keepalive_probes: number;
  /** s of silence before the first keepalive probe. */
  readonly tcp_keepalive_time: number;
  /** Bytes that one socket may have in the queues below (TCP small queues). */
  readonly tcp_limit_output_bytes: number;
  /** Sockets without owner that may exist. */
  readonly tcp_max_orphans: number;
  /** Half-open connections one listener remembers. */
  readonly tcp_max_syn_backlog: number;
  /** Most reordering that duplicate ACKs are taken for, segments. */
  readonly tcp_max_reordering: number;
  /** TIME-WAIT sockets that may exist. */
  readonly tcp_max_tw_buckets: number;
  /** Memory of all sockets, pages of 4096 bytes: below it no limit, above it pressure, never above it. */
  readonly tcp_mem: readonly [number, number, number];
  /** Let receive buffers that nobody set follow the application and the path; 0: do not. */
  readonly tcp_moderate_rcvbuf: number;
  /** s that the least round trip is remembered for. */
  readonly tcp_min_rtt_wlen: number;
  /** Smallest MSS believed, bytes, options included. */
  readonly tcp_min_snd_mss: number;
  /** Segments that a super-packet has at least, where pacing would make it smaller. */
  readonly tcp_min_tso_segs: number;
  /** Least MSS that the search for the path MTU goes down to in a black hole, bytes. */
  readonly tcp_mtu_probe_floor: number;
  /** Search for the path MTU (RFC 4821): 0 never, 1 in a black hole, 2 always. */
  readonly tcp_mtu_probing: number;
  /** Remember nothing of a path when a connection ends. */
  readonly tcp_no_metrics_save: number;
  /** Nor, of what is remembered, a slow start threshold; and use none. */
  readonly tcp_no_ssthresh_metrics_save: number;
  /** Unsent bytes above which a socket is not writable; 4294967295 = no limit. */
  readonly tcp_notsent_lowat: number;
  /** Retransmissions before a socket without owner gives up; 0 = 8. */
  readonly tcp_orphan_retries: number;
  /** %: how much faster than the window in a round trip packets are paced, but for the first half of slow start. */
  readonly tcp_pacing_ca_ratio: number;
  /** %: and there. */
  readonly tcp_pacing_ss_ratio: number;
  /** Answers of the application in a row after which an ACK waits for the next one. */
  readonly tcp_pingpong_thresh: number;
  /** s after a search for the path MTU until the next one. */
  readonly tcp_probe_interval: number;
  /** Bytes between what passes and what does not that end the search. */
  readonly tcp_probe_threshold: number;
  /** RACK: 2 = its reordering window does not adapt, 4 = duplicates do not close it. Bit 1 changes nothing: there is no other way. */
  readonly tcp_recovery: number;
  /** Duplicate ACKs that mean loss, to begin with. */
  readonly tcp_reordering: number;
  /** Merge small segments when they are retransmitted. */
  readonly tcp_retrans_collapse: number;
  /** A connection that is accepted, and its SYN-ACK, have the DSCP of the SYN. */
  readonly tcp_reflect_tos: number;
  /** Retransmissions after which the route is doubted. */
  readonly tcp_retries1: number;
  /** Retransmissions after which the connection ends, as a time: 15 is 924.6 s at the smallest RTO. */
  readonly tcp_retries2: number;
  /** Ignore a RST in TIME-WAIT (RFC 1337). */
  readonly tcp_rfc1337: number;
  /** Receive buffer, bytes of truesize: least, default, most. */
  readonly tcp_rmem: readonly [number, number, number];
  /** ms: upper bound on the retransmission timeout. */
  readonly tcp_rto_max_ms: number;
  /** µs: lower bound on the retransmission timeout. */
  readonly tcp_rto_min_us: number;
  /** Offer selective acknowledgments (RFC 2018). */
  readonly tcp_sack: number;
  /** Shrink the congestion window after idleness (RFC 2861). */
  readonly tcp_slow_start_after_idle: number;
  /** The urgent pointer points to the last urgent byte (RFC 1122), not to the one after. */
  readonly tcp_stdurg: number;
  /** Retransmissions of a SYN with a constant timeout, before it doubles. */
  readonly tcp_syn_linear_timeouts: number;
  /** Retransmissions of a SYN before `connect` fails. */
  readonly tcp_syn_retries: number;
  /** Answer SYNs without remembering them (RFC 4987 §3.6): 0 never, 1 where a listener's queue is full, 2 always. */
  readonly tcp_syncookies: number;
  /** Retransmissions of a SYN-ACK before the request is forgotten. */
  readonly tcp_synack_retries: number;
  /** The first six timeouts of a stream with less than four segments in flight do not double. */
  readonly tcp_thin_linear_timeouts: number;
  /** RFC 7323 timestamps: 0 off, 1 with a random offset for each connection, 2 without. */
  readonly tcp_timestamps: number;
  /** Shift of the minimal RTT, µs, that halves the bytes added to a super-packet's size. */
  readonly tcp_tso_rtt_log: number;
  /** Share of the window that one super-packet may take: `1 / n`. */
  readonly tcp_tso_win_divisor: number;
  /** Let the offered window shrink with the buffer (RFC 7323 §2.4 says it should not). */
  readonly tcp_shrink_window: number;
  /** Reuse a port in TIME-WAIT for a new connection to the same peer: 0 never, 1 always, 2 on loopback only. */
  readonly tcp_tw_reuse: number;
  /** ms a port must have been in TIME-WAIT before it is reused. */
  readonly tcp_tw_reuse_delay: number;
  /** Offer window scaling (RFC 7323). */
  readonly tcp_window_scaling: number;
  /** Offer no window above 32767 without scaling: some peers take it as negative. */
  readonly tcp_workaround_signed_windows: number;
  /** Send buffer, bytes of truesize: least, default, most. */
  readonly tcp_wmem: readonly [number, number, number];
}

/** `net.core.*`, as far as TCP reads it. */
export interface CoreSysctl {
  /** Largest receive buffer an application may ask for, bytes. */
  readonly rmem_max: number;
  /** Most frags that a segment is filled to. */
  readonly max_skb_frags: number;
  /** Most connections that may wait for `accept`. */
  readonly somaxconn: number;
}
