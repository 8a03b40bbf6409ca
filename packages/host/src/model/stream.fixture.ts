/**
 * The simplest model of a connection: two streams of bytes. What was sent comes out in order, and ends when the sender said so.
 * @module
 */

/** A rule of the model that the hosts broke. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

/** @throws Violation unless `rule` holds. */
export function must(rule: boolean, message: string): asserts rule {
  if (!rule) throw new Violation(message);
}

/** One direction of a connection. Its bytes follow from their places, so that none need be kept. */
export class Stream {
  readonly name: string;
  /** Bytes given to `send` so far; those of a call that waits may be on their way already. */
  offered = 0;
  /** Bytes that `send` took: known when the call is over. */
  accepted = 0;
  /** Bytes that `recv` gave. */
  received = 0;
  /** Bytes known to have arrived: some were only looked at. */
  seen = 0;
  /** The sender said that there is no more: by shutdown, or by a close that resets nothing. */
  ended = false;
  readonly #salt: number;

  constructor(name: string, salt: number) {
    this.name = name;
    this.#salt = Math.imul(salt + 1, 0x85eb_ca6b);
  }

  /** The bytes from a place on. */
  bytes(from: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i++) bytes[i] = Math.imul((from + i) ^ this.#salt, 0x9e37_79b1) >>> 21;
    return bytes;
  }

  /** What the next `send` of so many bytes gives. */
  offer(length: number): Uint8Array {
    this.offered = this.accepted + length;
    return this.bytes(this.accepted, length);
  }

  /** The call took so many of what was {@link offer}ed. */
  accept(count: number): void {
    must(
      this.accepted + count <= this.offered,
      `${this.name}: send took ${count} bytes, more than it was given`,
    );
    this.accepted += count;
    this.offered = this.accepted;
  }

  /** Bytes came out, to stay (`isPeek`) or not. */
  take(bytes: Uint8Array, isPeek: boolean): void {
    const end = this.received + bytes.length;
    must(end <= this.offered, `${this.name}: ${end} bytes came out of ${this.offered}`);
    const right = this.bytes(this.received, bytes.length);
    const wrong = bytes.findIndex((byte, index) => byte !== right[index]);
    must(wrong < 0, `${this.name}: byte ${this.received + wrong} is ${bytes[wrong]}, not ${right[wrong]}`);
    this.seen = Math.max(this.seen, end);
    if (!isPeek) this.received = end;
  }
}
