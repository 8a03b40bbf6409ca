/**
 * Sockets over UDP: `struct proto_ops` of SOCK_DGRAM.
 * @module
 */
import type { Ipv4, OptionSock } from '@stack/ipv4/engine';
import { type OptionData, SOCK_DGRAM, SOL_SOCKET, SOL_UDP } from '@stack/socket';
import { type Family, Message, type Udp, type UdpSock } from '@stack/udp/engine';
import { asDst, DatagramProto } from './datagram-proto.ts';

const message = new Message();

/** A UDP socket as the socket layer sees it. */
export class UdpProto extends DatagramProto<UdpSock> {
  readonly type: number = SOCK_DGRAM;
  readonly #udp: Udp;

  constructor(udp: Udp, ipv4: Ipv4, family: Family<number>) {
    super(udp, ipv4, udp.socket(family as Family<unknown>), message);
    this.#udp = udp;
  }

  protected port(peer: boolean): number {
    return peer ? this.sk.dport : this.sk.num;
  }

  protected setOption(now: number, level: number, name: string, value: OptionData): string | undefined {
    if (level !== SOL_UDP && level !== SOL_SOCKET) return 'ENOPROTOOPT';
    return this.#udp.setsockopt(now, this.sk, name, Number(value));
  }

  protected getOption(now: number, level: number, name: string): OptionData | { readonly errno: string } {
    if (level !== SOL_UDP && level !== SOL_SOCKET) return { errno: 'EOPNOTSUPP' };
    const value = this.#udp.getsockopt(now, this.sk, name);
    return typeof value === 'string' ? { errno: value } : value;
  }

  optionSet(now: number, name: string): void {
    if (name === 'SO_BINDTODEVICE') this.#udp.bindToIndex(now, this.sk, this.sk.boundDevIf);
    if (name === 'SO_MARK') this.sk.dst = undefined;
  }

  protected optionSock(): OptionSock {
    const { sk, inet } = this;
    return { sk, inet, type: 'SOCK_DGRAM', dst: asDst(sk.dst) };
  }
}
