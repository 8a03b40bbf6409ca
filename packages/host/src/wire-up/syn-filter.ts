/**
 * Deferred accept: a listener looks at a connection request before anything is answered.
 * @module
 */
import type { Proto } from '@stack/socket';
import type { RequestSock, SynVerdict } from '@stack/tcp/engine';
import { toText } from './inet-address.ts';
import { TcpProto } from './socket-to-tcp.ts';

/** A SYN that waits for its answer. */
export interface ConnectionRequest {
  /** Who asks. */
  readonly address: string;
  readonly port: number;
  /** Which address of ours was asked. */
  readonly localAddress: string;
  readonly localPort: number;
  /** The peer's MSS, bytes, as its SYN told. */
  readonly mss: number;
  /** TOS of the SYN. */
  readonly tos: number;
  /** After `'defer'`: answers the SYN. Nothing happens where the request was decided or is gone. */
  accept(): void;
  /** After `'defer'`: refuses with a RST. */
  reset(): void;
  /** After `'defer'`: forgets it without a word. */
  drop(): void;
}

/** What a listener decides about a SYN; after `'defer'` the request's own methods do. It must not throw. */
export type SynFilter = (request: ConnectionRequest) => SynVerdict;

/** Where decisions enter the kernel. */
export interface FilterKernel {
  now(): number;
  run<T>(body: () => T): T;
}

/** Asks `filter` about each SYN of a listening TCP socket; `undefined` asks nobody. @throws TypeError for any other socket. */
export function setSynFilter(kernel: FilterKernel, proto: Proto, filter: SynFilter | undefined): void {
  if (!(proto instanceof TcpProto)) throw new TypeError('host: only TCP sockets are asked about connections');
  proto.sk.synFilter = filter && ((request) => filter(describe(kernel, request)));
}

function describe(kernel: FilterKernel, request: RequestSock): ConnectionRequest {
  const { address, port } = toText(request.daddr as number, request.dport);
  const local = toText(request.saddr as number, request.sport);
  return {
    address,
    port,
    localAddress: local.address,
    localPort: local.port,
    mss: request.mss,
    tos: request.tos,
    accept: () => kernel.run(() => request.accept(kernel.now())),
    reset: () => kernel.run(() => request.reset(kernel.now())),
    drop: () => kernel.run(() => request.drop()),
  };
}
