/** @throws RangeError, naming the field, unless `value` is an integer 0..max (max a u32). */
export function range(field: string, value: number, max: number): void {
  // Integers 0..2^32-1 are exactly the numbers that `>>> 0` leaves alone.
  if (value >>> 0 !== value || value > max)
    throw new RangeError(`tcp: ${field} ${value} is not within 0..${max}`);
}
