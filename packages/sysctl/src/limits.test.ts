/**
 * The smallest and the largest number that Linux 6.18 accepts for each sysctl, found by trying. Where it counts ticks of 4 ms,
 * the limits are those of a kernel with 1,000 a second; where it wraps around, the limit is the last number before.
 */
import { describe, expect, it } from 'vitest';
import { isSysctlError, Sysctl } from './index.ts';

const LIMITS: [string, number, number][] = [
  ['net.core.rmem_max', 2304, 2_147_483_647],
  ['net.core.wmem_max', 4608, 2_147_483_647],
  ['net.core.rmem_default', 2304, 2_147_483_647],
  ['net.core.wmem_default', 4608, 2_147_483_647],
  ['net.core.dev_weight', 1, 2_147_483_647],
  ['net.core.netdev_budget', -2_147_483_648, 2_147_483_647],
  ['net.core.netdev_budget_usecs', 2000, 2_147_483_647],
  ['net.core.netdev_max_backlog', -2_147_483_648, 2_147_483_647],
  ['net.core.optmem_max', 0, 2_147_483_647],
  ['net.core.somaxconn', 0, 2_147_483_647],
  ['net.core.max_skb_frags', 1, 45],
  ['net.ipv4.fib_multipath_hash_policy', 0, 3],
  ['net.ipv4.fwmark_reflect', 0, 255],
  ['net.ipv4.icmp_echo_ignore_all', 0, 1],
  ['net.ipv4.icmp_echo_ignore_broadcasts', 0, 1],
  ['net.ipv4.icmp_errors_use_inbound_ifaddr', 0, 1],
  ['net.ipv4.icmp_ignore_bogus_error_responses', 0, 1],
  ['net.ipv4.icmp_msgs_burst', 0, 2_147_483_647],
  ['net.ipv4.icmp_msgs_per_sec', 0, 2_147_483_647],
  ['net.ipv4.icmp_ratelimit', 0, 2_147_483_647],
  ['net.ipv4.icmp_ratemask', -2_147_483_648, 2_147_483_647],
  ['net.ipv4.igmp_link_local_mcast_reports', 0, 255],
  ['net.ipv4.igmp_max_memberships', -2_147_483_648, 2_147_483_647],
  ['net.ipv4.igmp_max_msf', -2_147_483_648, 2_147_483_647],
  ['net.ipv4.igmp_qrv', 1, 2_147_483_647],
  ['net.ipv4.ip_default_ttl', 1, 255],
  ['net.ipv4.ip_forward', -2_147_483_648, 2_147_483_647],
  ['net.ipv4.ip_forward_update_priority', 0, 1],
  ['net.ipv4.ip_forward_use_pmtu', 0, 255],
  ['net.ipv4.ip_no_pmtu_disc', 0, 255],
  ['net.ipv4.ip_nonlocal_bind', 0, 255],
  ['net.ipv4.ip_unprivileged_port_start', 0, 32_768],
  ['net.ipv4.ipfrag_low_thresh', 0, 4_194_304],
  ['net.ipv4.ipfrag_max_dist', 0, 2_147_483_647],
  ['net.ipv4.ipfrag_time', -2_147_483, 2_147_483],
  ['net.ipv4.route.min_adv_mss', -2_147_483_648, 2_147_483_647],
  ['net.ipv4.route.min_pmtu', 68, 2_147_483_647],
  ['net.ipv4.route.mtu_expires', -2_147_483, 2_147_483],
  ['net.ipv4.tcp_abort_on_overflow', 0, 255],
  ['net.ipv4.tcp_adv_win_scale', -31, 31],
  ['net.ipv4.tcp_app_win', 0, 31],
  ['net.ipv4.tcp_autocorking', 0, 1],
  ['net.ipv4.tcp_base_mss', -2_147_483_648, 2_147_483_647],
  ['net.ipv4.tcp_challenge_ack_limit', -2_147_483_648, 2_147_483_647],
  ['net.ipv4.tcp_comp_sack_delay_ns', 0, Number.MAX_SAFE_INTEGER],
  ['net.ipv4.tcp_comp_sack_nr', 0, 255],
  ['net.ipv4.tcp_comp_sack_slack_ns', 0, Number.MAX_SAFE_INTEGER],
  ['net.ipv4.tcp_dsack', 0, 255],
  ['net.ipv4.tcp_early_retrans', 0, 4],
  ['net.ipv4.tcp_ecn', 0, 5],
  ['net.ipv4.tcp_ecn_fallback', 0, 1],
  ['net.ipv4.tcp_ecn_option', 0, 2],
  ['net.ipv4.tcp_ecn_option_beacon', 0, 3],
  ['net.ipv4.tcp_fastopen', -2_147_483_648, 2_147_483_647],
  ['net.ipv4.tcp_fastopen_blackhole_timeout_sec', 0, 2_147_483_647],
  ['net.ipv4.tcp_fin_timeout', -2_147_483, 2_147_483],
  ['net.ipv4.tcp_frto', 0, 255],
  ['net.ipv4.tcp_invalid_ratelimit', 0, 2_147_483_647],
  ['net.ipv4.tcp_keepalive_intvl', -2_147_483, 2_147_483],
  ['net.ipv4.tcp_keepalive_probes', 0, 255],
  ['net.ipv4.tcp_keepalive_time', -2_147_483, 2_147_483],
  ['net.ipv4.tcp_limit_output_bytes', -2_147_483_648, 2_147_483_647],
  ['net.ipv4.tcp_max_reordering', 1, 2_147_483_647],
  ['net.ipv4.tcp_min_rtt_wlen', 0, 86_400],
  ['net.ipv4.tcp_max_syn_backlog', -2_147_483_648, 2_147_483_647],
  ['net.ipv4.tcp_max_tw_buckets', -2_147_483_648, 2_147_483_647],
  ['net.ipv4.tcp_base_mss', -2_147_483_648, 2_147_483_647],
  ['net.ipv4.tcp_mtu_probe_floor', 48, 65_535],
  ['net.ipv4.tcp_mtu_probing', 0, 255],
  ['net.ipv4.tcp_probe_interval', 0, 4_294_967],
  ['net.ipv4.tcp_probe_threshold', -2_147_483_648, 2_147_483_647],
  ['net.ipv4.tcp_min_snd_mss', 48, 65_535],
  ['net.ipv4.tcp_min_tso_segs', 1, 255],
  ['net.ipv4.tcp_no_ssthresh_metrics_save', 0, 1],
  ['net.ipv4.tcp_moderate_rcvbuf', 0, 255],
  ['net.ipv4.tcp_no_metrics_save', 0, 255],
  ['net.ipv4.tcp_notsent_lowat', 0, 4_294_967_295],
  ['net.ipv4.tcp_orphan_retries', 0, 255],
  ['net.ipv4.tcp_pacing_ca_ratio', 0, 1000],
  ['net.ipv4.tcp_pacing_ss_ratio', 0, 1000],
  ['net.ipv4.tcp_pingpong_thresh', 1, 255],
  ['net.ipv4.tcp_recovery', 0, 255],
  ['net.ipv4.tcp_reflect_tos', 0, 1],
  ['net.ipv4.tcp_thin_linear_timeouts', 0, 255],
  ['net.ipv4.tcp_reordering', 1, 300],
  ['net.ipv4.tcp_retrans_collapse', 0, 255],
  ['net.ipv4.tcp_retries1', 0, 255],
  ['net.ipv4.tcp_retries2', 0, 255],
  ['net.ipv4.tcp_rfc1337', 0, 255],
  ['net.ipv4.tcp_rto_max_ms', 1000, 120_000],
  ['net.ipv4.tcp_rto_min_us', 1, 2_147_483_647],
  ['net.ipv4.tcp_sack', 0, 255],
  ['net.ipv4.tcp_shrink_window', 0, 1],
  ['net.ipv4.tcp_slow_start_after_idle', 0, 255],
  ['net.ipv4.tcp_stdurg', 0, 255],
  ['net.ipv4.tcp_syn_linear_timeouts', 0, 127],
  ['net.ipv4.tcp_syn_retries', 1, 127],
  ['net.ipv4.tcp_synack_retries', 0, 255],
  ['net.ipv4.tcp_syncookies', 0, 255],
  ['net.ipv4.tcp_timestamps', 0, 255],
  ['net.ipv4.tcp_tso_rtt_log', 0, 255],
  ['net.ipv4.tcp_tso_win_divisor', 0, 255],
  ['net.ipv4.tcp_tw_reuse', 0, 2],
  ['net.ipv4.tcp_tw_reuse_delay', 1, 60_000],
  ['net.ipv4.tcp_window_scaling', 0, 255],
  ['net.ipv4.tcp_workaround_signed_windows', 0, 255],
  ['net.ipv4.udp_rmem_min', 1, 2_147_483_647],
  ['net.ipv4.udp_wmem_min', 1, 2_147_483_647],
  ['net.ipv4.ipfrag_high_thresh', 3_145_728, 9_007_199_254_740_991],
  ['net.ipv4.tcp_max_orphans', -2_147_483_648, 2_147_483_647],
  ['net.ipv4.route.error_burst', -2_147_483_648, 2_147_483_647],
  ['net.ipv4.route.error_cost', -2_147_483_648, 2_147_483_647],
  ['net.ipv4.route.redirect_load', -2_147_483_648, 2_147_483_647],
  ['net.ipv4.route.redirect_number', -2_147_483_648, 2_147_483_647],
  ['net.ipv4.route.redirect_silence', -2_147_483_648, 2_147_483_647],
  ['net.ipv4.conf.lo.rp_filter', -2_147_483_648, 2_147_483_647],
  ['net.ipv4.conf.lo.forwarding', -2_147_483_648, 2_147_483_647],
  ['net.ipv4.conf.lo.arp_ignore', -2_147_483_648, 2_147_483_647],
  ['net.ipv4.conf.lo.igmpv2_unsolicited_report_interval', -2_147_483_648, 2_147_483_647],
  ['net.ipv4.neigh.lo.app_solicit', 0, 2_147_483_647],
  ['net.ipv4.neigh.lo.ucast_solicit', 0, 2_147_483_647],
  ['net.ipv4.neigh.lo.mcast_solicit', 0, 2_147_483_647],
  ['net.ipv4.neigh.lo.mcast_resolicit', 0, 2_147_483_647],
  ['net.ipv4.neigh.lo.proxy_qlen', 0, 2_147_483_647],
  ['net.ipv4.neigh.lo.unres_qlen_bytes', 0, 2_147_483_647],
  ['net.ipv4.neigh.lo.base_reachable_time_ms', 0, 2_147_483_647],
  ['net.ipv4.neigh.lo.retrans_time_ms', 0, 2_147_483_647],
  ['net.ipv4.neigh.lo.interval_probe_time_ms', 1, 2_147_483_647],
  ['net.ipv4.neigh.lo.unres_qlen', 0, 1_027_504],
  ['net.ipv4.neigh.lo.delay_first_probe_time', -2_147_483, 2_147_483],
  ['net.ipv4.neigh.lo.gc_stale_time', -2_147_483, 2_147_483],
  ['net.ipv4.neigh.lo.locktime', 0, 214_748_364],
  ['net.ipv4.neigh.lo.proxy_delay', 0, 214_748_364],
  ['net.ipv4.neigh.lo.anycast_delay', 0, 214_748_364],
  ['net.ipv4.neigh.default.gc_interval', -2_147_483, 2_147_483],
  ['net.ipv4.neigh.default.gc_thresh1', 0, 2_147_483_647],
  ['net.ipv4.neigh.default.gc_thresh2', 0, 2_147_483_647],
  ['net.ipv4.neigh.default.gc_thresh3', 0, 2_147_483_647],
];

const fresh = () => {
  const sysctl = new Sysctl();
  sysctl.addDevice('lo');
  return sysctl;
};
const ours = fresh().list();

describe.each(LIMITS.filter(([name]) => ours.includes(name)))('%s from %d to %d', (name, least, most) => {
  it.each([least, most])('takes %d', (value) => {
    const sysctl = fresh();
    sysctl.write(name, String(value));
    expect(sysctl.read(name)).toBe(`${value}\n`);
    expect(sysctl.get(name)).toBe(value);
  });

  it.each([least - 1, most + 1, -1e20, 1e20])('refuses %d', (value) => {
    const sysctl = fresh();
    const before = sysctl.read(name);
    expect(codeOf(() => sysctl.set(name, value))).toBe('EINVAL');
    expect(codeOf(() => sysctl.write(name, BigInt(value).toString()))).toBe('EINVAL');
    expect(sysctl.read(name)).toBe(before);
  });
});

it('covers every number', () => {
  const numbers = ours.filter(
    (name) => typeof fresh().get(name) === 'number' && !/\.(all|default)\./.test(name),
  );
  const missing = numbers.filter((name) => !LIMITS.some(([one]) => one === name));
  expect(missing.filter((name) => !name.startsWith('net.ipv4.conf.'))).toEqual([]);
});

function codeOf(action: () => void): string | undefined {
  try {
    action();
  } catch (error) {
    if (isSysctlError(error)) return error.code;
    throw error;
  }
  return undefined;
}
