/**
 * Bytes from hexadecimal text and back.
 * @module
 */

/**
 * Bytes of a hexadecimal text, as a template tag or a function; whitespace is ignored, a template's values are text too.
 * Throws `RangeError` for anything that is not pairs of digits.
 */
export function hex(
  text: string | TemplateStringsArray,
  ...values: readonly (string | Uint8Array)[]
): Uint8Array {
  const whole =
    typeof text === 'string'
      ? text
      : text.reduce((before, part, index) => {
          const value = values[index - 1] ?? '';
          return before + (typeof value === 'string' ? value : toHex(value)) + part;
        });
  const digits = whole.replace(/\s+/g, '');
  if (digits.length % 2 !== 0 || /[^0-9a-fA-F]/.test(digits)) {
    throw new RangeError(`hex: ${JSON.stringify(whole)} is not pairs of hexadecimal digits`);
  }
  return Uint8Array.from({ length: digits.length / 2 }, (_, index) =>
    Number.parseInt(digits.slice(index * 2, index * 2 + 2), 16),
  );
}

/** The bytes of a hexadecimal text, or the bytes themselves. */
export function bytesOf(value: string | Uint8Array): Uint8Array {
  return typeof value === 'string' ? hex(value) : value;
}

/** Two lower-case digits a byte, with no separator. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
