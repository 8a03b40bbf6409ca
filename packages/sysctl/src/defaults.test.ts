/**
 * Every sysctl and its text, as Linux 6.18 prints it on a machine of 6,141,888 free pages. Where Linux counts ticks of 4 ms,
 * the expected text is that of a kernel with 1,000 a second.
 */
import { describe, expect, it } from 'vitest';
import { Sysctl } from './index.ts';
import { machine } from './machine.ts';

const PAGE = 4096;
const linux = new Sysctl({
  memory: 6_141_888 * PAGE,
  congestionControl: () => ['reno', 'cubic'],
});
linux.addDevice('lo');

const CORE: [string, string][] = [
  ['default_qdisc', 'pfifo_fast'],
  ['dev_weight', '64'],
  ['netdev_budget', '300'],
  ['netdev_budget_usecs', '2000'],
  ['netdev_max_backlog', '1000'],
  ['optmem_max', '131072'],
  ['rmem_default', '212992'],
  ['rmem_max', '4194304'],
  ['somaxconn', '4096'],
  ['max_skb_frags', '17'],
  ['wmem_default', '212992'],
  ['wmem_max', '4194304'],
];

const IPV4: [string, string][] = [
  ['fib_multipath_hash_policy', '0'],
  ['fwmark_reflect', '0'],
  ['icmp_echo_ignore_all', '0'],
  ['icmp_echo_ignore_broadcasts', '1'],
  ['icmp_errors_use_inbound_ifaddr', '0'],
  ['icmp_ignore_bogus_error_responses', '1'],
  ['icmp_msgs_burst', '50'],
  ['icmp_msgs_per_sec', '1000'],
  ['icmp_ratelimit', '1000'],
  ['icmp_ratemask', '6168'],
  ['igmp_link_local_mcast_reports', '1'],
  ['igmp_max_memberships', '20'],
  ['igmp_max_msf', '10'],
  ['igmp_qrv', '2'],
  ['ip_default_ttl', '64'],
  ['ip_forward', '0'],
  ['ip_forward_update_priority', '1'],
  ['ip_forward_use_pmtu', '0'],
  ['ip_local_port_range', '32768\t60999'],
  ['ip_local_reserved_ports', ''],
  ['ip_no_pmtu_disc', '0'],
  ['ip_nonlocal_bind', '0'],
  ['ip_unprivileged_port_start', '1024'],
  ['ipfrag_high_thresh', '4194304'],
  ['ipfrag_low_thresh', '3145728'],
  ['ipfrag_max_dist', '64'],
  ['ipfrag_time', '30'],
  ['route.error_burst', '5000'],
  ['route.error_cost', '1000'],
  ['route.min_adv_mss', '256'],
  ['route.min_pmtu', '552'],
  ['route.mtu_expires', '600'],
  ['route.redirect_load', '20'],
  ['route.redirect_number', '9'],
  ['route.redirect_silence', '20480'],
  ['tcp_abort_on_overflow', '0'],
  ['tcp_adv_win_scale', '1'],
  ['tcp_allowed_congestion_control', 'reno cubic'],
  ['tcp_app_win', '31'],
  ['tcp_autocorking', '1'],
  ['tcp_available_congestion_control', 'reno cubic'],
  ['tcp_base_mss', '1024'],
  ['tcp_challenge_ack_limit', '2147483647'],
  ['tcp_congestion_control', 'cubic'],
  ['tcp_dsack', '1'],
  ['tcp_early_retrans', '3'],
  ['tcp_ecn', '2'],
  ['tcp_ecn_fallback', '1'],
  ['tcp_ecn_option', '2'],
  ['tcp_ecn_option_beacon', '3'],
  ['tcp_fastopen', '1'],
  ['tcp_fastopen_blackhole_timeout_sec', '0'],
  ['tcp_fastopen_key', '00000000-00000000-00000000-00000000'],
  ['tcp_fin_timeout', '60'],
  ['tcp_comp_sack_delay_ns', '1000000'],
  ['tcp_comp_sack_nr', '44'],
  ['tcp_comp_sack_slack_ns', '100000'],
  ['tcp_frto', '2'],
  ['tcp_invalid_ratelimit', '500'],
  ['tcp_keepalive_intvl', '75'],
  ['tcp_keepalive_probes', '9'],
  ['tcp_keepalive_time', '7200'],
  ['tcp_limit_output_bytes', '4194304'],
  ['tcp_max_orphans', '131072'],
  ['tcp_max_reordering', '300'],
  ['tcp_min_rtt_wlen', '300'],
  ['tcp_max_syn_backlog', '2048'],
  ['tcp_max_tw_buckets', '131072'],
  ['tcp_mem', '287901\t383868\t575802'],
  ['tcp_base_mss', '1024'],
  ['tcp_mtu_probe_floor', '48'],
  ['tcp_mtu_probing', '0'],
  ['tcp_probe_interval', '600'],
  ['tcp_probe_threshold', '8'],
  ['tcp_min_snd_mss', '48'],
  ['tcp_min_tso_segs', '2'],
  ['tcp_no_metrics_save', '0'],
  ['tcp_no_ssthresh_metrics_save', '1'],
  ['tcp_no_ssthresh_metrics_save', '1'],
  ['tcp_moderate_rcvbuf', '1'],
  ['tcp_notsent_lowat', '4294967295'],
  ['tcp_orphan_retries', '0'],
  ['tcp_pacing_ca_ratio', '120'],
  ['tcp_pacing_ss_ratio', '200'],
  ['tcp_pingpong_thresh', '1'],
  ['tcp_recovery', '1'],
  ['tcp_reflect_tos', '0'],
  ['tcp_thin_linear_timeouts', '0'],
  ['tcp_reordering', '3'],
  ['tcp_retrans_collapse', '1'],
  ['tcp_retries1', '3'],
  ['tcp_retries2', '15'],
  ['tcp_rfc1337', '0'],
  ['tcp_rmem', '4096\t131072\t33554432'],
  ['tcp_rto_max_ms', '120000'],
  ['tcp_rto_min_us', '200000'],
  ['tcp_sack', '1'],
  ['tcp_shrink_window', '0'],
  ['tcp_slow_start_after_idle', '1'],
  ['tcp_stdurg', '0'],
  ['tcp_syn_linear_timeouts', '4'],
  ['tcp_syn_retries', '6'],
  ['tcp_synack_retries', '5'],
  ['tcp_syncookies', '1'],
  ['tcp_timestamps', '1'],
  ['tcp_tso_rtt_log', '9'],
  ['tcp_tso_win_divisor', '3'],
  ['tcp_tw_reuse', '2'],
  ['tcp_tw_reuse_delay', '1000'],
  ['tcp_window_scaling', '1'],
  ['tcp_wmem', '4096\t16384\t4194304'],
  ['tcp_workaround_signed_windows', '0'],
  ['udp_mem', '575802\t767736\t1151604'],
  ['udp_rmem_min', '4096'],
  ['udp_wmem_min', '4096'],
];

const CONF: [string, string][] = [
  ['accept_local', '0'],
  ['accept_redirects', '1'],
  ['accept_source_route', '1'],
  ['arp_accept', '0'],
  ['arp_announce', '0'],
  ['arp_filter', '0'],
  ['arp_ignore', '0'],
  ['arp_notify', '0'],
  ['drop_gratuitous_arp', '0'],
  ['drop_unicast_in_l2_multicast', '0'],
  ['force_igmp_version', '0'],
  ['forwarding', '0'],
  ['igmpv2_unsolicited_report_interval', '10000'],
  ['igmpv3_unsolicited_report_interval', '1000'],
  ['ignore_routes_with_linkdown', '0'],
  ['promote_secondaries', '0'],
  ['proxy_arp', '0'],
  ['route_localnet', '0'],
  ['rp_filter', '0'],
  ['secure_redirects', '1'],
  ['send_redirects', '1'],
  ['shared_media', '1'],
  ['src_valid_mark', '0'],
];

const NEIGH: [string, string][] = [
  ['anycast_delay', '100'],
  ['app_solicit', '0'],
  ['base_reachable_time_ms', '30000'],
  ['delay_first_probe_time', '5'],
  ['gc_stale_time', '60'],
  ['interval_probe_time_ms', '5000'],
  ['locktime', '100'],
  ['mcast_resolicit', '0'],
  ['mcast_solicit', '3'],
  ['proxy_delay', '80'],
  ['proxy_qlen', '64'],
  ['retrans_time_ms', '1000'],
  ['ucast_solicit', '3'],
  ['unres_qlen', '101'],
  ['unres_qlen_bytes', '212992'],
];

describe('defaults are those of Linux 6.18', () => {
  const rows = [
    ...CORE.map(([name, text]) => [`net.core.${name}`, text]),
    ...IPV4.map(([name, text]) => [`net.ipv4.${name}`, text]),
    ...['all', 'default', 'lo'].flatMap((device) =>
      CONF.map(([name, text]) => [`net.ipv4.conf.${device}.${name}`, text]),
    ),
    ...['default', 'lo'].flatMap((device) =>
      NEIGH.map(([name, text]) => [`net.ipv4.neigh.${device}.${name}`, text]),
    ),
    ['net.ipv4.neigh.default.gc_interval', '30'],
    ['net.ipv4.neigh.default.gc_thresh1', '128'],
    ['net.ipv4.neigh.default.gc_thresh2', '512'],
    ['net.ipv4.neigh.default.gc_thresh3', '1024'],
  ] as [string, string][];
  const ours = linux.list();

  it.each(rows.filter(([name]) => ours.includes(name)))('%s = %j', (name, text) => {
    const expected = name === 'net.ipv4.conf.all.accept_source_route' ? '0' : text;
    expect(linux.read(name)).toBe(`${expected}\n`);
  });

  it('and there is none that Linux does not have', () => {
    const theirs = rows.map(([name]) => name);
    expect(ours.filter((name) => !theirs.includes(name))).toEqual([]);
  });
});

describe('machine', () => {
  const GIB = 2 ** 30;
  it.each([
    [16 * 2 ** 20, [192, 256, 384], 131_072, 131_072, 64, 128],
    [GIB, [12_288, 16_384, 24_576], 8_388_608, 4_194_304, 4096, 128],
    [8 * GIB, [98_304, 131_072, 196_608], 33_554_432, 4_194_304, 32_768, 512],
    [256 * GIB, [3_145_728, 4_194_304, 6_291_456], 33_554_432, 4_194_304, 262_144, 4096],
  ])('of %d bytes', (memory, mem, rmem, wmem, orphans, backlog) => {
    const model = machine(memory);
    expect(model.tcp_mem).toEqual(mem);
    expect(model.udp_mem).toEqual(mem.map((pages) => pages * 2));
    expect([model.tcp_rmem[2], model.tcp_wmem[2]]).toEqual([rmem, wmem]);
    expect([model.tcp_max_orphans, model.tcp_max_tw_buckets]).toEqual([orphans, orphans]);
    expect(model.tcp_max_syn_backlog).toBe(backlog);
  });

  it.each([0, -1, 16 * 2 ** 20 - 1, GIB + 0.5, Number.NaN, Number.POSITIVE_INFINITY])(
    'of %d bytes is refused',
    (memory) => {
      expect(() => new Sysctl({ memory })).toThrow(RangeError);
    },
  );

  it('has 8 GiB unless told', () => {
    expect(new Sysctl().ipv4.tcp_mem).toEqual([98_304, 131_072, 196_608]);
  });
});

describe('a default that is not registered', () => {
  it('gives way to the first that is', () => {
    expect(new Sysctl().ipv4.tcp_congestion_control).toBe('reno');
    expect(new Sysctl({ qdisc: () => ['fq', 'tbf'] }).core.default_qdisc).toBe('fq');
  });
});
