/**
 * A request from our side to a server of the kernel's, on BSD sockets, as one would write it anywhere.
 * @module
 */
import { AF_INET, isSocketError, SO_RCVTIMEO, SOCK_STREAM, SOL_SOCKET, type Sockets } from '@stack/socket';

/** How long the server may be silent, ms. */
const PATIENCE = 10_000;
const CHUNK = 65_536;

/** What a server answered. */
export interface Reply {
  bytes: Uint8Array;
  /** `HTTP/1.0 200 OK`; `undefined` where it is none. */
  status: string | undefined;
  /** What is behind the head, or everything where there is none. */
  body: Uint8Array;
  /** What Content-Length promises. */
  promised: number | undefined;
}

/** The request to `target`. */
export function requestOf({ address, port }: { address: string; port: number }): string {
  return `GET / HTTP/1.1\r\nHost: ${address}:${port}\r\nConnection: close\r\n\r\n`;
}

/** Connects, asks, and reads to the end. @throws SocketError */
export async function ask(sockets: Sockets, target: { address: string; port: number }): Promise<Reply> {
  const socket = sockets.socket(AF_INET, SOCK_STREAM);
  try {
    await socket.connect(target);
    socket.setsockopt(SOL_SOCKET, SO_RCVTIMEO, PATIENCE);
    await socket.sendall(requestOf(target));
    const chunks: Uint8Array[] = [];
    for (;;) {
      const chunk = await socket.recv(CHUNK);
      if (chunk.length === 0) return parse(Buffer.concat(chunks));
      chunks.push(chunk);
    }
  } catch (error) {
    if (isSocketError(error, 'EAGAIN'))
      throw new Error(`nothing came for ${PATIENCE / 1000} s, and the server did not close`);
    throw error;
  } finally {
    if (!socket.closed) await socket.close();
  }
}

function parse(bytes: Buffer): Reply {
  const end = bytes.indexOf('\r\n\r\n');
  const head = bytes.toString('latin1', 0, Math.max(0, end));
  const [, status] = /^(HTTP\/\d\.\d \d{3}[^\r\n]*)/.exec(head) ?? [];
  if (status === undefined) return { bytes, status, body: bytes, promised: undefined };
  const [, length] = /\r\ncontent-length: *(\d+)/i.exec(head) ?? [];
  const promised = length === undefined ? undefined : Number(length);
  return { bytes, status, body: bytes.subarray(end + 4), promised };
}
