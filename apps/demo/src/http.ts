/**
 * Bytes as HTTP messages, so that whoever reads a capture of port 8080 finds there what he expects.
 * @module
 */

/** The request of the classic example, 37 bytes. */
export const REQUEST = 'GET / HTTP/1.1\r\nHost: example.com\r\n\r\n';

/** A request that carries `body`. */
export function post(body: Uint8Array): Uint8Array {
  return message(`POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: ${body.length}`, body);
}

/** A reply that carries `body`. */
export function ok(body: Uint8Array): Uint8Array {
  return message(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}`, body);
}

/** What a message carries: what is behind the empty line, and nothing where there is none. */
export function bodyOf(bytes: Uint8Array): Uint8Array {
  const at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf('\r\n\r\n');
  return at < 0 ? new Uint8Array(0) : bytes.subarray(at + 4);
}

function message(head: string, body: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`${head}\r\n\r\n`), body]);
}
