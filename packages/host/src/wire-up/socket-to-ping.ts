/**
 * Sockets over ICMP: `struct proto_ops` of SOCK_DGRAM with IPPROTO_ICMP, which ping uses without privilege.
 * @module
 */
import { type Icmp, type Inet, Message, type PingSock } from '@stack/icmp/engine';
import type { Ipv4, OptionSock } from '@stack/ipv4/engine';
import { SOCK_DGRAM } from '@stack/socket';
import { DatagramProto } from './datagram-proto.ts';

const message = new Message();

/** A ping socket as the socket layer sees it. */
export class PingProto extends DatagramProto<PingSock> {
  readonly type: number = SOCK_DGRAM;

  constructor(icmp: Icmp, ipv4: Ipv4) {
    super(icmp.ping, ipv4, icmp.ping.socket(ipv4.inet() as Inet), message);
  }

  /** The identifier of its echo requests. */
  protected port(peer: boolean): number {
    return peer ? this.sk.dport : this.sk.num;
  }

  protected setOption(): string {
    return 'ENOPROTOOPT';
  }

  protected getOption(): { readonly errno: string } {
    return { errno: 'ENOPROTOOPT' };
  }

  protected optionSock(): OptionSock {
    const { sk, inet } = this;
    return { sk, inet, type: 'SOCK_DGRAM', dst: undefined };
  }
}
