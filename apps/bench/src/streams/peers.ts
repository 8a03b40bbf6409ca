/**
 * What two programs that talk TCP are asked to do, whoever's TCP it is.
 * @module
 */

/** A client and a server, connected over one network. */
export interface Peers {
  /** Sends so many bytes over one connection, or up to a chunk more; done when the server has them all. */
  bulk(bytes: number): Promise<void>;
  /** One byte there and one byte back, so often, over one connection. */
  requests(count: number): Promise<void>;
  /** Opens a connection and closes it from both sides, so often, one after the other. */
  connects(count: number): Promise<void>;
  /** CPU time so far of all processes that take part, µs. */
  cpu(): Promise<number>;
  /** Ends them. @throws Error where something is left behind: memory, a timer, a socket. */
  close(): Promise<void>;
}

/** Bytes of one send, and of the buffer that is received into. */
export const CHUNK = 131_072;

/** CPU time of this process, the collector's threads included, µs. */
export function ownCpu(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** @throws Error unless all arrived. */
export function checkCount(arrived: number, sent: number): void {
  if (arrived !== sent) throw new Error(`${arrived} of ${sent} bytes arrived`);
}
