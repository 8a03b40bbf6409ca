/**
 * Sockets over IPv4 itself: `struct proto_ops` of SOCK_RAW.
 * @module
 */
import { type Ipv4, type OptionSock, RawMessage, type RawSock } from '@stack/ipv4/engine';
import { type OptionData, SOCK_RAW, SOL_RAW, SOL_SOCKET, type WireAddress } from '@stack/socket';
import { DatagramProto } from './datagram-proto.ts';
import { portOf } from './inet-address.ts';

const message = new RawMessage();

/** A raw socket as the socket layer sees it. */
export class RawProto extends DatagramProto<RawSock> {
  readonly type: number = SOCK_RAW;
  #peerPort = 0;

  constructor(ipv4: Ipv4, sk: RawSock) {
    super(ipv4.raw, ipv4, sk, message);
  }

  /** Linux: the protocol's number, where a port would be; and of the peer whatever `connect` was told. */
  protected port(peer: boolean): number {
    return peer ? this.#peerPort : this.sk.protocol;
  }

  override connect(now: number, address: WireAddress): string | undefined {
    const failed = super.connect(now, address);
    if (failed === undefined) this.#peerPort = portOf(address);
    return failed;
  }

  protected setOption(now: number, level: number, name: string, value: OptionData): string | undefined {
    return level === SOL_RAW ? this.ipv4.raw.setsockopt(now, this.sk, name, Number(value)) : 'ENOPROTOOPT';
  }

  protected getOption(now: number, level: number, name: string): OptionData | { readonly errno: string } {
    if (level !== SOL_RAW) return { errno: level === SOL_SOCKET ? 'ENOPROTOOPT' : 'EOPNOTSUPP' };
    const value = this.ipv4.raw.getsockopt(now, this.sk, name);
    return typeof value === 'string' ? { errno: value } : value;
  }

  protected optionSock(): OptionSock {
    const { sk, inet } = this;
    return { sk, inet, type: 'SOCK_RAW', dst: undefined };
  }
}
