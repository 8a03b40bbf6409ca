/**
 * ICMP types and codes by the names that scripts use.
 * @module
 */
import {
  ICMP_DEST_UNREACH,
  ICMP_ECHO,
  ICMP_ECHOREPLY,
  ICMP_EXC_FRAGTIME,
  ICMP_EXC_TTL,
  ICMP_FRAG_NEEDED,
  ICMP_HOST_ANO,
  ICMP_HOST_ISOLATED,
  ICMP_HOST_UNKNOWN,
  ICMP_HOST_UNR_TOS,
  ICMP_HOST_UNREACH,
  ICMP_NET_ANO,
  ICMP_NET_UNKNOWN,
  ICMP_NET_UNR_TOS,
  ICMP_NET_UNREACH,
  ICMP_PARAMETERPROB,
  ICMP_PKT_FILTERED,
  ICMP_PORT_UNREACH,
  ICMP_PREC_CUTOFF,
  ICMP_PREC_VIOLATION,
  ICMP_PROT_UNREACH,
  ICMP_REDIRECT,
  ICMP_SOURCE_QUENCH,
  ICMP_SR_FAILED,
  ICMP_TIME_EXCEEDED,
} from '@stack/icmp';

/** Types. */
export const ICMP_TYPES: Readonly<Record<string, number>> = {
  echo_reply: ICMP_ECHOREPLY,
  unreachable: ICMP_DEST_UNREACH,
  source_quench: ICMP_SOURCE_QUENCH,
  redirect: ICMP_REDIRECT,
  echo_request: ICMP_ECHO,
  time_exceeded: ICMP_TIME_EXCEEDED,
  parameter_problem: ICMP_PARAMETERPROB,
};

/** Types of ICMPv6 that ICMP has not. */
export const ICMPV6_TYPES: Readonly<Record<string, number>> = { packet_too_big: 2 };

/** Codes, by type. */
export const ICMP_CODES: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  unreachable: {
    net_unreachable: ICMP_NET_UNREACH,
    host_unreachable: ICMP_HOST_UNREACH,
    protocol_unreachable: ICMP_PROT_UNREACH,
    port_unreachable: ICMP_PORT_UNREACH,
    frag_needed: ICMP_FRAG_NEEDED,
    source_route_failed: ICMP_SR_FAILED,
    net_unknown: ICMP_NET_UNKNOWN,
    host_unknown: ICMP_HOST_UNKNOWN,
    source_host_isolated: ICMP_HOST_ISOLATED,
    net_prohibited: ICMP_NET_ANO,
    host_prohibited: ICMP_HOST_ANO,
    net_unreachable_for_tos: ICMP_NET_UNR_TOS,
    host_unreachable_for_tos: ICMP_HOST_UNR_TOS,
    communication_prohibited: ICMP_PKT_FILTERED,
    host_precedence_violation: ICMP_PREC_VIOLATION,
    precedence_cutoff: ICMP_PREC_CUTOFF,
  },
  time_exceeded: {
    ttl_exceeded: ICMP_EXC_TTL,
    reassembly_time_exceeded: ICMP_EXC_FRAGTIME,
  },
};
