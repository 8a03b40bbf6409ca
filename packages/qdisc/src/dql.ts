/**
 * Byte queue limits (Linux's dynamic queue limits; `/sys/class/net/<device>/queues/tx-<n>/byte_queue_limits`): how many bytes a device
 * may hold, so that it never runs dry and holds no more than that needs. A queue in the device is one that no discipline can reorder.
 * @module
 */

/** Default of `hold_time`, µs. */
const HOLD_TIME = 1_000_000;
/** Default of `limit_max`: no limit, in a u32's worth of bytes. */
const LIMIT_MAX = 1_879_048_192;

/**
 * The limit of one queue. It looks at the world when packets complete. If the device may have run dry since it last looked although the limit
 * held packets back, the limit was too low and grows by what was missing. If the device always had bytes to spare, the least it had to spare
 * within `holdTime` is taken off.
 */
export class Dql {
  /** Bytes that may be in the device. */
  limit = 0;
  /** Upper bound of {@link limit} (`limit_max`). */
  limitMax: number = LIMIT_MAX;
  /** Lower bound of {@link limit} (`limit_min`). */
  limitMin = 0;
  /** Time over which slack is measured before it is taken off (`hold_time`), µs. */
  holdTime: number = HOLD_TIME;
  /** Bytes in the device (`inflight`). */
  inflight = 0;
  /** Bytes of the packet given last. */
  #lastPacket = 0;

  // As of the last completion: bytes that were left in flight, by how much the limit had been overshot before it, the last packet then.
  #leftInflight = 0;
  #overshoot = 0;
  #overshootPacket = 0;

  #slack = Infinity;
  #slackSince = 0;

  /** Bytes the device may still take; below 0 when the last packet overshot. A queue stops there. */
  get available(): number {
    return this.limit - this.inflight;
  }

  /** The device is given a packet. */
  queued(bytes: number): void {
    this.inflight += bytes;
    this.#lastPacket = bytes;
  }

  /** The device did not take it after all. */
  unqueued(bytes: number): void {
    this.inflight -= bytes;
  }

  /** The device is done with some packets. */
  completed(now: number, bytes: number): void {
    const done = Math.min(bytes, this.inflight);
    const before = this.inflight;
    const left = before - done;
    // Everything that had been in flight at the last completion is done with: the device worked on what was given since.
    const renewed = done >= this.#leftInflight;
    let overshoot = Math.max(0, before - this.limit);
    let { limit } = this;
    if ((overshoot > 0 && left === 0) || (this.#overshoot > 0 && renewed)) {
      limit += Math.max(0, done - this.#leftInflight) + this.#overshoot;
      this.#restartSlack(now);
    } else if (left > 0 && this.#leftInflight > 0 && !renewed) {
      const spare = Math.max(0, limit + this.#overshoot - 2 * done);
      const byPacket = this.#overshoot > 0 ? Math.max(0, this.#overshootPacket - this.#overshoot) : 0;
      this.#slack = Math.min(this.#slack, Math.max(spare, byPacket));
      if (now > this.#slackSince + this.holdTime) {
        limit = Math.max(0, limit - this.#slack);
        this.#restartSlack(now);
      }
    }
    limit = Math.min(Math.max(limit, this.limitMin), this.limitMax);
    if (limit !== this.limit) {
      this.limit = limit;
      overshoot = 0;
    }
    this.inflight = left;
    this.#leftInflight = left;
    this.#overshoot = overshoot;
    this.#overshootPacket = this.#lastPacket;
  }

  /** As for a device that was just made. */
  reset(now: number): void {
    this.limit = Math.max(0, this.limitMin);
    this.inflight = 0;
    this.#leftInflight = 0;
    this.#overshoot = 0;
    this.#overshootPacket = 0;
    this.#lastPacket = 0;
    this.#restartSlack(now);
  }

  #restartSlack(now: number): void {
    this.#slack = Infinity;
    this.#slackSince = now;
  }
}
